/** Ranges and lengths of time as they are typed on a command line. Pure. */
import { InvalidArgumentError } from 'commander';

const units: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

export interface TimeRange {
  /** ISO, UTC. */
  readonly from: string;
  /** ISO, UTC, not included. */
  readonly to: string;
}

/** `15s`, `2h` as milliseconds. @throws InvalidArgumentError, which commander shows and exits 1. */
export function parseLength(text: string): number {
  const match = /^(\d+)([smhd])$/.exec(text);
  const unit = units[match?.[2] ?? ''];
  if (match === null || unit === undefined) {
    throw new InvalidArgumentError('Give a number and a unit, like 15s, 30m, 2h or 1d.');
  }
  return Number(match[1]) * unit;
}

/** An ISO time with its zone, as UTC. @throws InvalidArgumentError. */
export function parseInstant(text: string): string {
  const ms = Date.parse(text);
  // Without a zone it would mean another instant on every machine.
  if (!/T.*(Z|[+-]\d\d:?\d\d)$/.test(text) || Number.isNaN(ms)) {
    throw new InvalidArgumentError('Give an ISO time with its zone, like 2026-03-29T00:00:00Z.');
  }
  return new Date(ms).toISOString();
}

/** Either both ends, or the `lastMs` before `nowMs`. @throws InvalidArgumentError. */
export function rangeOf(
  given: { readonly from?: string; readonly to?: string; readonly last?: number },
  nowMs: number,
): TimeRange {
  const { from, to, last } = given;
  if (last !== undefined) {
    if (from !== undefined || to !== undefined) {
      throw new InvalidArgumentError('Give either --last, or --from and --to.');
    }
    return { from: new Date(nowMs - last).toISOString(), to: new Date(nowMs).toISOString() };
  }
  if (from === undefined || to === undefined) {
    throw new InvalidArgumentError('Give --from and --to, or --last.');
  }
  if (from >= to) throw new InvalidArgumentError('--from must be earlier than --to.');
  if (Date.parse(from) >= nowMs) throw new InvalidArgumentError('--from lies in the future.');
  return { from, to };
}
