/** What a scenario reports: one figure beside its baseline, measured in the same run. */
import type { Laboratory } from './laboratory.js';

export interface Figure {
  readonly scenario: string;
  readonly metric: string;
  readonly value: number;
  readonly baseline: number;
  /** `value / baseline`; for latencies below 1 is better. */
  readonly ratio: number;
  readonly [more: string]: number | string;
}

export type Scenario = (laboratory: Laboratory, report: (figure: Figure) => void) => Promise<void>;

/** A figure with its ratio, rounded for reading. */
export function figure(
  about: Pick<Figure, 'scenario' | 'metric' | 'value' | 'baseline'>,
  more: Readonly<Record<string, number | string>> = {},
): Figure {
  const rounded = Object.entries(more).map(([name, value]) => [
    name,
    typeof value === 'number' ? round(value) : value,
  ]);
  const { scenario, metric, value, baseline } = about;
  return {
    ...{ scenario, metric, value: round(value), baseline: round(baseline) },
    ratio: round(value / baseline),
    ...(Object.fromEntries(rounded) as Record<string, number | string>),
  };
}

/** The `p`th percentile (0 to 100) of `values`, by nearest rank. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
