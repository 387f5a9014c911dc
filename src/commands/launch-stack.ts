/** Brings the stack up for a command that a person may stop at any moment. */
import type { Config } from '../config.js';
import { type Stack, startStack } from '../stack/index.js';

/**
 * The stack once it is up. When `stopped` resolves earlier, the process ends, with exit code 0: what
 * is still being fetched or started ends with it.
 * @throws StackError
 */
export async function launchStack(
  config: Config,
  stopped: Promise<void>,
  print: (line: string) => void,
  onLost: (problem: string) => void = print,
): Promise<Stack> {
  const stopping = new AbortController();
  void stopped.then(() => {
    stopping.abort();
  });
  try {
    const { signal } = stopping;
    return await startStack({ config, env: process.env, progress: print, signal, onLost });
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
    print('stopped');
    process.exit(0);
  }
}
