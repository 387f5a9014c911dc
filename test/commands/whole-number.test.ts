/** Numbers that would be taken for something else, or for nothing, are refused with words. */
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { bridgeCommand } from '../../src/commands/bridge.js';
import { gatewayCommand } from '../../src/commands/gateway.js';
import { wholeNumber } from '../../src/commands/whole-number.js';

/** What a command says of its arguments before it does anything. */
function refusal(command: Command, ...args: string[]): string {
  let said = '';
  command.exitOverride().configureOutput({ writeErr: (text) => (said += text) });
  // Were they accepted, it must not run.
  command.action(() => undefined);
  expect(() => command.parse(args, { from: 'user' })).toThrow('is invalid');
  return said;
}

function accepted(command: Command, ...args: string[]): unknown {
  return command
    .action(() => undefined)
    .parse(args, { from: 'user' })
    .opts();
}

describe('whole numbers', () => {
  it.each(['', 'x', '1d', '1.5', '-1', '1e3', '0x10', ' 5', 'NaN', 'Infinity', '11'])(
    '%j is none from 0 to 10',
    (text) => {
      expect(() => wholeNumber(0, 10)(text)).toThrow('Give a whole number from 0 to 10.');
    },
  );

  it('both ends count', () => {
    expect(['0', '7', '10'].map(wholeNumber(0, 10))).toEqual([0, 7, 10]);
  });
});

describe('what takes a number', () => {
  it.each(['1d', '0', '-5', '', '86400001'])('no day is %j ms long', (text) => {
    expect(refusal(bridgeCommand(), `--day-ms=${text}`)).toContain('from 1 to 86400000');
  });

  it('a day is as long as is said, else a day', () => {
    expect(accepted(bridgeCommand(), '--day-ms', '2000')).toEqual({ dayMs: 2_000 });
    expect(accepted(bridgeCommand())).toEqual({ dayMs: 86_400_000 });
  });

  it.each(['x', '65536', '-1', ''])('no port is %j', (text) => {
    expect(refusal(gatewayCommand(), `--port=${text}`)).toContain('from 0 to 65535');
  });

  it('a port is a number', () => {
    expect(accepted(gatewayCommand(), '--port', '8080')).toMatchObject({ port: 8_080 });
  });

  it('the limits are in the help', () => {
    expect(bridgeCommand().helpInformation()).toMatch(/1 to\s+86400000/);
  });
});
