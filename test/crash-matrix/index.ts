/**
 * `npm run crash-matrix -- --kills 2000 --seed 7`: rounds of kills on a stack of its own, until so
 * many have been dealt or a round finds something. The same seed gives the same blows.
 */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { readConfig } from '../../src/config.js';
import { startStack } from '../../src/stack/index.js';
import { environmentOf } from '../support/headrace.js';
import { faultsIn, inWords } from './report.js';
import { playRound } from './round.js';

const dataFolder = '.headrace/crash-matrix';

interface Options {
  readonly kills: string;
  readonly seed?: string;
  readonly perRound: string;
}

async function run({ kills, seed, perRound }: Options): Promise<void> {
  const first = Number(seed ?? Math.floor(Math.random() * 1_000_000));
  const env = { HEADRACE_DATA: dataFolder, ...process.env };
  const progress = (line: string): void => void process.stdout.write(`${line}\n`);
  const config = readConfig(env);
  const stack = await startStack({ config, env, progress });
  const { addresses } = stack;
  try {
    for (let left = Number(kills), round = 0; left > 0; round += 1) {
      const count = Math.min(left, Number(perRound));
      progress(`round ${String(round + 1)}: ${String(count)} kills, seed ${String(first + round)}`);
      const outcome = await playRound({
        ...{ addresses, control: stack, progress, seed: first + round, kills: count },
        env: environmentOf(addresses, {
          HEADRACE_DATA: `${dataFolder}/outside`,
          HEADRACE_GROUP: 'crash-matrix',
          HEADRACE_TASK_QUEUE: 'crash-matrix',
        }),
        built: fileURLToPath(new URL('.', import.meta.url)),
        logs: resolve(dataFolder, 'logs'),
        pace: { afterMs: [1_000, 7_000], downMs: [0, 3_000] },
        restMs: 300_000,
      });
      progress(inWords(outcome));
      if (faultsIn(outcome).length > 0) {
        process.exitCode = 1;
        return;
      }
      left -= count;
    }
  } finally {
    await stack.stop();
  }
}

await new Command('crash-matrix')
  .description('kill -9 of every part at random moments under load, and count what came of it')
  .option('--kills <n>', 'how many', '2000')
  .option('--seed <n>', 'of the first round; the next round has the next one')
  .option('--per-round <n>', 'kills before everything is counted', '50')
  .action(run)
  .parseAsync();
