/**
 * A shell around a process, so that the process cannot outlive us.
 *
 * P1 The shell holds the reading end of a pipe from us, its standard input. When we die, however we
 *    die, the pipe closes and the shell ends the process: with its stop signal, then with SIGKILL.
 */

/** The signal that asks a process for an orderly end. */
export type StopSignal = 'TERM' | 'INT';

/** Runs "$@" after the stop signal; passes on SIGTERM as that signal, and the exit code. */
const script = `
signal=$1; shift
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
{ while read -r _ <&3; do :; done; kill -$signal $child; sleep 3; kill -KILL $child; } >/dev/null 2>&1 &
watch=$!
exec 3<&- 0</dev/null
trap 'kill -$signal $child' TERM
wait $child
code=$?
while kill -0 $child 2>/dev/null; do wait $child; code=$?; done
kill -KILL $watch 2>/dev/null
exit $code
`;

/** What to spawn in place of `command`, with a pipe as standard input. `name` is shown by `ps`. */
export function guarded(
  name: string,
  stopSignal: StopSignal,
  command: string,
  args: readonly string[],
): readonly [string, readonly string[]] {
  return ['/bin/sh', ['-c', script, name, stopSignal, command, ...args]];
}
