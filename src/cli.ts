/** The command line: one file per command in `commands/`, and what an error means to a shell. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { BridgeHalted } from './bridge.js';
import { BridgeRefused } from './bridge-options.js';
import { kafkaOutage } from './bridges/intake/kafka-outage.js';
import { kafkaRefusal } from './bridges/intake/kafka-refusal.js';
import { postgresRefusal } from './bridges/holding/postgres-refusal.js';
import { bridgeCommand } from './commands/bridge.js';
import { deadLettersCommand } from './commands/dead-letters.js';
import { gatewayCommand } from './commands/gateway.js';
import { prepareCommand } from './commands/prepare.js';
import { reconcileCommand } from './commands/reconcile.js';
import { stackCommand } from './commands/stack.js';
import { startCommand } from './commands/start.js';
import { workerCommand } from './commands/worker.js';
import { ConfigError } from './config.js';
import { StackError } from './stack/error.js';

const about = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
  description: string;
};

const program = new Command('headrace')
  .description(about.description)
  .version(about.version)
  .addCommand(startCommand())
  .addCommand(bridgeCommand())
  .addCommand(workerCommand())
  .addCommand(prepareCommand())
  .addCommand(reconcileCommand())
  .addCommand(deadLettersCommand())
  .addCommand(stackCommand())
  .addCommand(gatewayCommand())
  .addHelpText(
    'after',
    `
Exit codes: 0 done, 1 failed, 2 bad configuration or usage; 3 when \`reconcile\` found differences
or could not look at everything, or \`dead-letters redrive\` left some dead.`,
  );

/** Usage errors are thrown, from every subcommand, so that they end with their own exit code. */
function throwing(command: Command): void {
  command.exitOverride();
  command.commands.forEach(throwing);
}
throwing(program);

try {
  await program.parseAsync();
} catch (error) {
  // Commander has printed it; help and version come this way too, with 0.
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2);
  // What an operator can act on is told in words; only what we did not foresee shows its stack.
  const foreseen = [ConfigError, StackError, BridgeHalted, BridgeRefused].some(
    (kind) => error instanceof kind,
  );
  const told = kafkaRefusal(error) ?? postgresRefusal(error) ?? kafkaOutage(error);
  const text = told ?? (error instanceof Error ? (foreseen ? error.message : error.stack) : error);
  process.stderr.write(`headrace: ${String(text)}\n`);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
}
