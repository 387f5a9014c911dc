/** Thrown when a part of the local stack cannot be had; the message ends with what to do. */
export class StackError extends Error {
  override readonly name = 'StackError';
  readonly part: string;

  constructor(part: string, problem: string, remedy: string, options?: ErrorOptions) {
    super(`${part}: ${problem}\n  What to do: ${remedy}`, options);
    this.part = part;
  }
}
