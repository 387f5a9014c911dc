/** What the engine remembers of held records: what waits for what. */
import { describe, expect, it } from 'vitest';
import type { HeldKey, HeldNote } from '../../../src/bridges/holding/held.js';
import { HeldIndex } from '../../../src/bridges/holding/held-index.js';
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
    const holds = new HeldIndex();
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
    const holds = new HeldIndex();
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

it('a queue of any length: who comes, and who goes, costs the same', () => {
  const holds = new HeldIndex();
  const length = 50_000;
  holds.add(aNote(0, { state: 'dead' }));
  for (let offset = 1; offset < length; offset += 1) {
    if (!holds.blocks(at(offset), workflowId, true)) throw new Error('the head does not block');
    holds.add(aNote(offset));
  }
  const last = aNote(length - 1);
  for (let offset = 0; offset < length; offset += 1) {
    const note = aNote(offset, { state: offset === 0 ? 'redriving' : 'behind' });
    holds.refresh(note, 1);
    if (holds.mustWait(note, workflowId, nothingIsAhead)) throw new Error('the head waits');
    if (note.offset !== last.offset && !holds.mustWait(last, workflowId, nothingIsAhead)) {
      throw new Error('the last one does not wait');
    }
    if (holds.waitingFor(workflowId).length + holds.toAnnounce(workflowId, false).length > 0) {
      throw new Error('nothing waits, nothing is to be told');
    }
    holds.concluded(note);
    holds.remove(note);
  }
  expect(holds.blocks(at(length), workflowId, false)).toBe(false);
});

it('what is read again comes to its place, and each route of a record to its own', () => {
  const holds = new HeldIndex();
  for (const offset of [5, 9, 7, 3]) holds.add(aNote(offset));
  holds.add(aNote(7, { route: 'other' }));
  holds.add(aNote(1, { state: 'dead', blocks: false }));
  const waits = (offset: number): boolean =>
    holds.mustWait(aNote(offset), workflowId, nothingIsAhead);
  expect([3, 5, 7, 9].map(waits)).toEqual([false, true, true, true]);
  expect([3, 4].map((offset) => holds.blocks(at(offset), workflowId, false))).toEqual([
    false,
    true,
  ]);
  for (const offset of [3, 5]) holds.remove(aNote(offset));
  expect([waits(7), waits(9)]).toEqual([false, true]);
  holds.remove(aNote(7));
  expect(waits(9)).toBe(true);
  holds.remove(aNote(7, { route: 'other' }));
  expect(waits(9)).toBe(false);
  // What is skipped keeps no place, until it blocks.
  holds.change(aNote(1), { state: 'dead', blocks: true });
  expect(waits(9)).toBe(true);
  holds.change(aNote(1), { state: 'dead', blocks: false });
  expect(waits(9)).toBe(false);
});

it('what was tried and is a dead letter for want of its workflow is passed by the start that comes', () => {
  const holds = new HeldIndex();
  holds.add(aNote(1));
  const detail = 'does not exist';
  holds.change(aNote(1), { state: 'dead', reason: 'workflow-missing', detail, blocks: true });
  expect(holds.blocks(at(2), workflowId, false)).toBe(true);
  expect(holds.blocks(at(2), workflowId, true)).toBe(false);
  // As an operator's look finds it.
  holds.refresh(aNote(1, { state: 'dead', reason: 'update-refused' }), 1);
  expect(holds.blocks(at(2), workflowId, true)).toBe(true);
});
