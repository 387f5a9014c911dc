import { describe, expect, it } from 'vitest';
import type { HeldStory } from '../../src/bridges/holding/held-admin.js';
import { rejectionReasons } from '../../src/bridges/matching/rejection.js';
import {
  groupTable,
  progressLine,
  recordTable,
  span,
  storyText,
  waitingTable,
} from '../../src/commands/held-tables.js';
import { aRecord } from '../support/records.js';

const now = Date.parse('2026-03-29T12:00:00Z');
const at = { topic: 'shop.events', generation: 'g', partition: 3, offset: '41' };
const undated: HeldStory = {
  ...at,
  group: 'shop',
  ...{ route: 'recover-failed-payment', state: 'waiting', queue: 'pay:1', blocks: true },
  ...{ reason: 'workflow-missing', detail: 'none\nat all', attempts: 2, behind: 5 },
  event: { id: 'e1', workflowId: 'pay:1', position: { source: 's', at: '1' } },
  history: [{ at: '2026-03-29T11:00:00.000Z', what: 'waiting', detail: 'none' }],
  record: aRecord({
    ...at,
    value: Buffer.from('{"card":"tok_secret"}'),
    headers: { trace: Buffer.from([1, 255]), many: [Buffer.from('a'), Buffer.from('b')] },
  }),
};

const story = { ...undated, deadlineMs: now + 3_723_000, nextTryMs: now + 5_000 };

describe('held records as tables', () => {
  it('groups, with their age', () => {
    const text = groupTable(
      [
        {
          ...{ state: 'dead', reason: 'schema-mismatch', route: 'a,b', count: 12, queues: 3 },
          ...{ oldestMs: now - 90_000, oldest: 'shop.events/3/41' },
        },
      ],
      now,
      false,
    );
    expect(text).toMatch(
      /dead +│ schema-mismatch +│ a,b +│ 12 +│ 3 +│ shop.events\/3\/41 +│ 1m 30s ago/,
    );
  });

  it('what waits, with its deadline, its next try and what is behind it', () => {
    const text = waitingTable([story], now, false);
    expect(text).toMatch(/shop.events\/3\/41 .* pay:1 +│ 1h 2m +│ 2 +│ 5s +│ 5 /);
    expect(waitingTable([undated], now, false)).toMatch(/never +│ 2 +│ now/);
  });

  it('only `show` tells what is in a record', () => {
    expect(recordTable([story], false)).not.toContain('tok_secret');
    expect(waitingTable([story], now, false)).not.toContain('tok_secret');
    const text = storyText(story);
    expect(text).toContain('"card": "tok_secret"');
    expect(text).toContain(rejectionReasons['workflow-missing'].remedy);
    expect(text).toContain('none\n             at all');
    expect(text).toContain('the later ones wait for it, 5 so far');
    expect(text).toContain('    trace: 0x01ff\n    many: a\n    many: b\n');
    expect(text).toContain('2026-03-29T13:02:03.000Z');
    expect(text).toContain('2026-03-29T11:00:00.000Z  waiting: none');
  });

  it('texts from elsewhere do not act on the terminal', () => {
    const nasty = { ...story, detail: '\u001b[2J', queue: '\u001b[2J', reason: '\u001b[2J' };
    expect(storyText(nasty) + recordTable([nasty], false)).not.toContain('\u001b');
  });

  it('progress, and lengths of time', () => {
    const none = { open: 3, redriven: 2, deadAgain: 1, waiting: 0, ended: 0 };
    expect(progressLine(none)).toBe('2 redriven, 1 dead again, 3 to go');
    expect(progressLine({ ...none, waiting: 4 })).toContain('4 waiting for their workflow');
    expect([0, 999, 1_000, 61_000, 3_600_000, 90_061_000].map(span)).toEqual([
      ...['0s', '0s', '1s', '1m 1s', '1h', '1d 1h'],
    ]);
  });
});
