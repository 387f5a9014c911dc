/** What is asked before a held record is redriven, and what the answer means for it. */
import { expect, test } from 'vitest';
import { InboxCheck } from '../../../src/bridges/engine/inbox-check.js';
import { silent } from '../../../src/bridges/engine/observer.js';
import type { HeldNote } from '../../../src/bridges/holding/held.js';
import { Inbox } from '../../../src/workflows/inbox.js';
import type { Event, InboxState } from '../../../src/workflows/index.js';
import { anEvent } from '../../support/records.js';

const at = (place: number): Event => {
  const position = { source: 's', at: String(place).padStart(20, '0') };
  return anEvent({ id: `e${String(place)}`, position });
};

const redriving = (place: number): HeldNote => ({
  ...{ topic: 't', generation: '0', partition: 0, offset: String(place), route: 'r' },
  ...{ state: 'redriving', queue: 'w', blocks: false, reason: 'update-refused', detail: '' },
  event: { ...at(place), workflowId: 'w' },
});

/** An inbox that was let so many come early that its mark had to move, past `e1` and `e2`. */
function crowded(): InboxState {
  const inbox = new Inbox<Event>();
  inbox.receive([at(0)]);
  for (let place = 300; place > 40; place -= 1) inbox.receive([{ ...at(place), late: 'held' }]);
  const answers = [
    { id: 'e1', result: 1 },
    { id: 'e2', refusal: { message: 'no' } },
  ];
  return { ...inbox.state(), answers };
}

test('what the inbox may have forgotten is lost, but for an update that it knows it refused', async () => {
  const inbox = crowded();
  const inboxCheck = new InboxCheck({
    inboxOf: () => Promise.resolve({ kind: 'seen', inbox }),
    observer: silent,
  });
  expect(inboxCheck.turn()(redriving(1))).toBe('asking');
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  const checkInbox = inboxCheck.turn();
  expect([1, 2, 3, 300, 301].map((place) => checkInbox(redriving(place)))).toEqual([
    ...['lost', 'clear', 'lost', 'clear', 'clear'],
  ]);
});
