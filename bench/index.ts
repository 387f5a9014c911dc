/** `npm run bench -- [scenario …] [--json]`: each scenario beside its baseline, in one run. */
import { Argument, Command } from 'commander';
import { installRuntime } from '../src/sdk-runtime.js';
import { createLog } from '../src/log.js';
import { backlog } from './backlog.js';
import { effects } from './effects.js';
import { filter } from './filter.js';
import { keyed } from './keyed.js';
import { openLaboratory } from './laboratory.js';
import { latency } from './latency.js';
import type { Figure, Scenario } from './scenario.js';
import { recovery } from './recovery.js';
import { starts } from './starts.js';

const scenarios: Readonly<Record<string, Scenario>> = {
  latency,
  starts,
  effects,
  keyed,
  filter,
  recovery,
  backlog,
};
const names = Object.keys(scenarios);

const program = new Command('bench')
  .description('measure Headrace beside a baseline, on the real stack')
  .addArgument(new Argument('[scenario...]', 'which; all where none is named').choices(names))
  .option('--json', 'end each scenario with one JSON object on a line', false)
  .action(run);

async function run(chosen: readonly string[], { json }: { json: boolean }): Promise<void> {
  installRuntime(createLog('warn', 2));
  const laboratory = await openLaboratory((line) => {
    process.stderr.write(`${line}\n`);
  });
  try {
    for (const name of chosen.length === 0 ? names : chosen) {
      process.stderr.write(`${name} …\n`);
      await scenarios[name]?.(laboratory, (figure) => {
        process.stdout.write(`${json ? JSON.stringify(figure) : inWords(figure)}\n`);
      });
    }
  } finally {
    await laboratory.close();
  }
}

function inWords({ scenario, metric, value, baseline, ratio, ...more }: Figure): string {
  const rest = Object.entries(more).map(([name, figure]) => `${name} ${String(figure)}`);
  const head = `${scenario}: ${String(value)} ${metric}`;
  return `${head}; baseline ${String(baseline)}, ratio ${String(ratio)}  ${rest.join('  ')}`;
}

await program.parseAsync();
