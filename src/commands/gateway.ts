/** `headrace gateway`: the test gateway by itself, with its test cards. */
import { Command } from 'commander';
import { startGateway } from '../../demo/gateway.js';
import { untilStopped } from './until-stopped.js';
import { wholeNumber } from './whole-number.js';

interface Options {
  readonly host: string;
  readonly port: number;
}

/** The command. It serves until Ctrl-C. */
export function gatewayCommand(): Command {
  return new Command('gateway')
    .description('run the test payment gateway; never for real money')
    .option('--host <address>', 'where to listen', '127.0.0.1')
    .option('--port <port>', 'where to listen; 0 takes a free one', wholeNumber(0, 65_535), 0)
    .action(async ({ host, port }: Options) => {
      const stopped = untilStopped();
      const gateway = await startGateway({ host, port });
      process.stdout.write(`payment gateway at ${gateway.url}\n`);
      await stopped;
      await gateway.stop();
    });
}
