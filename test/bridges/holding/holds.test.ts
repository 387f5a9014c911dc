/** What the engine remembers of held records: what waits for what. */
import { describe, expect, it } from 'vitest';
import type { HeldKey, HeldNote } from '../../../src/bridges/holding/held.js';
import { Holds } from '../../../src/bridges/holding/holds.js';
import { aRecord } from '../../support/records.js';

const workflowId = 'w';

function aNote(offset: number, of: Partial<HeldNote> = {}): HeldNote {
  const { topic, generation, partition } = aRecord(of);
  return {
    ...{ topic, generation, partition, offset: String(offset), route: 'r', state: 'behind' },
    ...{ queue: workflowId, blocks: true, reason: 'behind', detail: '' },
    event: { id: String(offset), workflowId, position: { source: 's', at: String(offset) } },
    ...of,
  };
}

const at = (offset: number, generation = '0') => aRecord({ generation, offset: String(offset) });
const nothingIsAhead = (): boolean => false;

describe('a topic that was created again', () => {
  const head = aNote(900, { state: 'dead' });
  const behind = aNote(901);
  const fresh = aNote(3, { generation: '1' });

  it('its records wait behind what is held of the one before it, and never the other way round', () => {
    const holds = new Holds();
    holds.reset([head, behind]);
    expect(holds.blocks(at(3, '1'), workflowId, false)).toBe(true);
    holds.add(fresh);
    const waits = (note: HeldNote, isAhead: (key: HeldKey) => boolean = nothingIsAhead) =>
      holds.mustWait(note, workflowId, isAhead);
    expect([waits(head), waits(behind), waits(fresh)]).toEqual([false, true, true]);
    expect(waits(fresh, (key) => key.generation === '0')).toBe(false);
    holds.remove(head);
    expect([waits(behind), waits(fresh)]).toEqual([false, true]);
    holds.remove(behind);
    expect(waits(fresh)).toBe(false);
    expect(holds.blocks(at(2, '1'), workflowId, false)).toBe(false);
    expect(holds.blocks(at(4, '1'), workflowId, false)).toBe(true);
  });

  it('so it is after a claim, too: what was held first is before', () => {
    const holds = new Holds();
    holds.reset([head, behind, fresh]);
    const waits = [head, behind, fresh].map((note) =>
      holds.mustWait(note, workflowId, nothingIsAhead),
    );
    expect(waits).toEqual([false, true, true]);
    // It waits for a start, and what waits behind it waits for that start too.
    holds.change(head, { state: 'waiting' });
    expect(holds.blocks(at(4, '1'), workflowId, false)).toBe(true);
    expect(holds.blocks(at(4, '1'), workflowId, true)).toBe(false);
  });
});
