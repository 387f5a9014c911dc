const diskFull = /no space left|ENOSPC|disk is full|disk full/i;
const makeRoom =
  'the disk is full: free some space, or set HEADRACE_DATA and HEADRACE_CACHE elsewhere';

/** Thrown when a part of the local stack cannot be had; the message ends with what to do. */
export class StackError extends Error {
  override readonly name = 'StackError';
  readonly part: string;

  constructor(part: string, problem: string, remedy: string, options?: ErrorOptions) {
    super(
      `${part}: ${problem}\n  What to do: ${diskFull.test(problem) ? makeRoom : remedy}`,
      options,
    );
    this.part = part;
  }
}
