/** Whole numbers as they are typed on a command line. Pure. */
import { InvalidArgumentError } from 'commander';

/**
 * Reads a number of digits alone, from `least` to `most`: `1d`, `1e3` and nothing at all are none.
 * What it answers with throws InvalidArgumentError, which commander shows.
 */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : NaN;
    if (number >= least && number <= most) return number;
    throw new InvalidArgumentError(`Give a whole number from ${String(least)} to ${String(most)}.`);
  };
}
