/** The inbox without a server: what is accepted, in which order it is taken, what is carried. */
import { describe, expect, it } from 'vitest';
import { Inbox } from '../../src/workflows/inbox.js';
import type { Event } from '../../src/workflows/index.js';
import { anEvent } from '../support/records.js';

type Letter = Event<'a'> | Event<'b'>;

const at = (position: number, id = `e${String(position)}`, source = 's', type = 'a') =>
  anEvent({ id, type, position: { source, at: String(position).padStart(20, '0') } }) as Letter;

/** Everything that waits, oldest first, taken out. */
function taken(inbox: Inbox<Letter>): string[] {
  const ids: string[] = [];
  for (let next = inbox.poll(); next !== undefined; next = inbox.poll()) ids.push(next.id);
  return ids;
}

describe('Inbox', () => {
  it('keeps a mark per source', () => {
    const inbox = new Inbox<Letter>();
    inbox.receive([at(5, 'x', 's1'), at(1, 'y', 's2'), at(5, 'x', 's1')]);
    expect(inbox.state().waiting.map(({ id }) => id)).toEqual(['x', 'y']);
    expect(inbox.duplicates).toBe(1);
  });

  it('hands events out in the order of acceptance, by type where asked', () => {
    const inbox = new Inbox<Letter>();
    inbox.receive([at(1, '1', 's', 'a'), at(2, '2', 's', 'b'), at(3, '3', 's', 'a')]);
    expect(inbox.has('b')).toBe(true);
    expect(inbox.poll('b')?.id).toBe('2');
    expect(inbox.has('b')).toBe(false);
    expect(taken(inbox)).toEqual(['1', '3']);
  });

  it('carries marks, what waits and the count through JSON', () => {
    const before = new Inbox<Letter>();
    before.receive([at(1), at(2), at(2)]);
    before.poll();
    const carried = JSON.parse(JSON.stringify(before.state())) as ReturnType<typeof before.state>;
    const after = new Inbox<Letter>(carried);
    after.receive([at(1), at(2), at(3)]);
    expect(after.duplicates).toBe(3);
    expect(taken(after)).toEqual(['e2', 'e3']);
  });

  it('I9: drops a fact that is published again, in one batch or runs later, and counts it', () => {
    const fact = (position: number) => ({ ...at(position, 'x'), ownId: true }) as Letter;
    const before = new Inbox<Letter>();
    before.receive([fact(1), at(2), fact(3)]);
    expect(taken(before)).toEqual(['x', 'e2']);
    const after = new Inbox<Letter>(before.state());
    after.receive([fact(4), at(5)]);
    expect([taken(after), after.duplicates]).toEqual([['e5'], 2]);
  });

  it('does not let its state be changed from outside', () => {
    const inbox = new Inbox<Letter>();
    inbox.receive([at(1)]);
    const state = inbox.state();
    inbox.poll();
    expect(state.waiting).toHaveLength(1);
  });
});
