import type { RejectReason } from '../matching/rejection.js';

/** Thrown where a value cannot be understood; the decoder turns it into a rejection. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
  readonly reason: RejectReason;

  constructor(reason: RejectReason, detail: string) {
    super(detail);
    this.reason = reason;
  }
}

/** What an error of a library says, on one line and not endlessly. */
export function complaintOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s+/g, ' ').slice(0, 300);
}
