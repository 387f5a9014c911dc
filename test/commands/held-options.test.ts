import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { conditionOf, type Selection } from '../../src/bridges/holding/held-selection.js';
import {
  parseCount,
  parsePlace,
  type SelectionOptions,
  selectionOf,
  withSelection,
} from '../../src/commands/held-options.js';
import { discardCommand } from '../../src/commands/discard.js';
import { redriveCommand } from '../../src/commands/redrive.js';

function selected(...args: string[]): Selection {
  const command = withSelection(new Command().exitOverride());
  command.configureOutput({ writeErr: () => undefined });
  return selectionOf(command.parse(args, { from: 'user' }).opts<SelectionOptions>());
}

describe('which held records', () => {
  it('everything that is given, lists by repetition', () => {
    expect(
      selected(
        ...['--reason', 'a', '--reason', 'b', '--route', 'r', '--topic', 't', '--key', 'k'],
        ...['--workflow', 'w', '--from', '2026-03-28T00:00:00Z', '--to', '2026-03-29T00:00:00Z'],
        ...['--offset', 'shop.events/3/41', '--offset', 'a/0/007'],
      ),
    ).toEqual({
      ...{ reasons: ['a', 'b'], routes: ['r'], topics: ['t'], key: 'k', workflowId: 'w' },
      ...{ fromMs: Date.parse('2026-03-28'), toMs: Date.parse('2026-03-29') },
      records: [
        { topic: 'shop.events', partition: 3, offset: '41' },
        { topic: 'a', partition: 0, offset: '7' },
      ],
    });
    expect(selected()).toEqual({});
  });

  it.each([
    'shop.events',
    'a/1',
    'a/x/1',
    'a/1/-1',
    'a/1/2/3',
    "a'/1/2",
    'a/1/9999999999999999999',
  ])('%j is no place', (text) => {
    expect(() => parsePlace(text)).toThrow('<topic>/<partition>/<offset>');
  });

  it.each(['0', '-1', '1.5', 'x', ''])('%j is no count', (text) => {
    expect(() => parseCount(text)).toThrow('above 0');
  });

  it('what an operator types is a parameter, never SQL', () => {
    const nasty = `'; drop table headrace.held; --`;
    const all = {
      group: nasty,
      reasons: [nasty],
      routes: [nasty],
      topics: [nasty],
      key: nasty,
      workflowId: nasty,
    };
    const { sql, values } = conditionOf(all, 4);
    expect(sql).not.toContain('drop');
    expect([...sql.matchAll(/\$(\d)/g)].map(([, n]) => n)).toEqual(['4', '5', '6', '7', '8', '9']);
    expect(values).toHaveLength(6);
    expect(conditionOf({}, 1)).toEqual({ sql: 'true', values: [] });
  });
});

describe('what changes something', () => {
  const refusal = async (command: Command, ...args: string[]): Promise<string> => {
    let said = '';
    command.exitOverride().configureOutput({ writeErr: (text) => (said += text) });
    await expect(command.parseAsync(args, { from: 'user' })).rejects.toMatchObject({ exitCode: 2 });
    return said;
  };

  it('means nothing without a filter or --all', async () => {
    expect(await refusal(redriveCommand(), '--yes')).toContain('give a filter, or --all');
    expect(await refusal(discardCommand(), '--yes', '--why', 'x')).toContain('or --all');
  });

  it('discarding needs a reason', async () => {
    expect(await refusal(discardCommand(), '--all', '--yes', '--why', ' ')).toContain('--why');
  });
});
