/**
 * kill -9 of bridge, worker, Kafka, Temporal, Connect and Postgres at seeded random moments under
 * load: nothing lost, nothing twice, nothing out of order, counted from outside.
 *
 * `HEADRACE_MATRIX_SEED` repeats the blows of a seed that was printed.
 */
import { fileURLToPath } from 'node:url';
import { expect, inject, it } from 'vitest';
import type { PartName } from '../../src/stack/state.js';
import { victims } from '../crash-matrix/kill-plan.js';
import { faultsIn, inWords } from '../crash-matrix/report.js';
import { playRound } from '../crash-matrix/round.js';
import { environmentOf } from '../support/headrace.js';

const kills = Number(process.env['HEADRACE_MATRIX_KILLS'] ?? 42);
const seed = Number(process.env['HEADRACE_MATRIX_SEED'] ?? Math.floor(Math.random() * 1_000_000));

const folder = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

async function control(what: 'kill' | 'restart', part: PartName): Promise<void> {
  const answer = await fetch(`${inject('stackControl')}/${what}/${part}`, { method: 'POST' });
  if (!answer.ok) throw new Error(await answer.text());
}

it(`${String(kills)} kills under load, seed ${String(seed)}: each event once, in order`, async () => {
  const addresses = inject('addresses');
  const progress = (line: string): void => void process.stdout.write(`${line}\n`);
  progress(`crash matrix: seed ${String(seed)}`);
  const outcome = await playRound({
    ...{ addresses, seed, kills, progress },
    control: {
      kill: (part) => control('kill', part),
      restart: (part) => control('restart', part),
    },
    env: environmentOf(addresses, {
      HEADRACE_GROUP: 'headrace-test',
      HEADRACE_TASK_QUEUE: 'headrace',
    }),
    built: folder('dist/test/crash-matrix'),
    logs: folder('.headrace-test/logs'),
    pace: { afterMs: [1_500, 6_000], downMs: [0, 1_500] },
    restMs: 120_000,
  });
  progress(inWords(outcome));
  expect(faultsIn(outcome)).toEqual([]);
  expect(new Set(outcome.deaths.map(({ victim }) => victim))).toEqual(new Set(victims));
  expect(outcome.deaths.length).toBe(kills);
  expect(outcome.events).toBeGreaterThan(2_000);
  expect(outcome.payments).toBeGreaterThan(30);
}, 420_000);
