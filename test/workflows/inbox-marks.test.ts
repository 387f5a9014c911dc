/** The accept rule, case by case; `inbox-marks.properties.test.ts` compares it with a model. */
import { describe, expect, it } from 'vitest';
import type { Event, Skipped } from '../../src/workflows/index.js';
import { Marks } from '../../src/workflows/marks.js';
import { anEvent } from '../support/records.js';

const place = (position: number, id = `e${String(position)}`, source = 's'): Skipped => ({
  id,
  position: { source, at: String(position).padStart(20, '0') },
});
const at = (position: number, id?: string, source?: string): Event =>
  anEvent(place(position, id, source));
const held = (position: number, id?: string): Event => ({ ...at(position, id), late: 'held' });
const undecided = (position: number): Event => ({ ...at(position), late: 'undecided' });

/** What `marks` say to each event in turn. */
const verdicts = (marks: Marks, ...events: readonly Event[]): boolean[] =>
  events.map((event) => marks.accept(event));

/** As another run would be given it. */
const carried = (marks: Marks): Marks =>
  new Marks(JSON.parse(JSON.stringify(marks.state())) as ReturnType<Marks['state']>);

describe('I1: in order, at most once', () => {
  it('takes what lies beyond the mark, and on the mark what was not seen there', () => {
    const marks = new Marks();
    expect(verdicts(marks, at(1), at(1), at(1, 'other'), at(1, 'other'), at(1))).toEqual([
      ...[true, false, true, false, false],
    ]);
    expect(verdicts(marks, at(2), at(1), at(1, 'third'))).toEqual([true, false, false]);
  });

  it('keeps sources apart', () => {
    const marks = new Marks();
    expect(verdicts(marks, at(5, 'a', 's1'), at(1, 'b', 's2'), at(4, 'c', 's1'))).toEqual([
      ...[true, true, false],
    ]);
  });
});

describe('I2: holes', () => {
  it('are accepted once, below the mark and on it', () => {
    const marks = new Marks();
    for (const skipped of [place(1), place(2, 'x')]) marks.skip(skipped);
    expect(verdicts(marks, at(2))).toEqual([true]);
    const next = carried(marks);
    expect(verdicts(next, held(1), held(2, 'x'), held(1), held(2, 'x'), at(2, 'x'))).toEqual([
      ...[true, true, false, false, false],
    ]);
  });

  it('accepted beyond the mark are not accepted again when the mark comes there', () => {
    const marks = new Marks();
    marks.skip(place(5));
    expect(verdicts(carried(marks), held(5), held(5), at(5), at(6))).toEqual([
      ...[true, false, false, true],
    ]);
  });

  it('are never made of what was applied', () => {
    const marks = new Marks();
    verdicts(marks, at(1), at(2), undecided(4), held(6));
    for (const applied of [place(1), place(2), place(4), place(6)]) marks.skip(applied);
    expect(marks.state().holes).toEqual({});
  });

  it('do not move the mark: what came before them in the same batch is still taken', () => {
    const marks = new Marks();
    marks.skip(place(5));
    expect(verdicts(marks, at(3), at(6), held(5))).toEqual([true, true, true]);
  });
});

describe('I3: out of order, beyond the mark', () => {
  it('nothing is lost between the mark and what came early', () => {
    const marks = new Marks();
    verdicts(marks, at(1), held(5), undecided(7));
    expect(verdicts(carried(marks), at(3), at(5), held(5), at(7), at(8))).toEqual([
      ...[true, false, false, false, true],
    ]);
    expect(marks.state().marks['s']?.ahead).toHaveLength(2);
  });

  it('is forgotten once the mark is past it', () => {
    const marks = new Marks();
    verdicts(marks, held(5), at(6));
    expect(marks.state().marks['s']).toEqual({ at: at(6).position.at, ids: ['e6'] });
    expect(marks.accept(held(5))).toBe(false);
  });

  it('a long queue that is let go in order is exact, whatever its length', () => {
    const marks = new Marks();
    const queue = Array.from({ length: 1_000 }, (_, index) => held(index));
    expect(verdicts(marks, ...queue).every(Boolean)).toBe(true);
    expect(marks.forgotten).toBe(0);
    expect(verdicts(carried(marks), ...queue).some(Boolean)).toBe(false);
  });
});

describe('I4: what nobody could read before', () => {
  it('is accepted once, below the mark too', () => {
    const marks = new Marks();
    verdicts(marks, at(9));
    expect(verdicts(marks, held(3), undecided(4))).toEqual([false, true]);
    expect(verdicts(carried(marks), undecided(4), at(4), held(4))).toEqual([false, false, false]);
  });
});

describe('I9: facts under ids of their own, published at several places', () => {
  const fact = (position: number, id = 'x', more: Partial<Event> = {}): Event => ({
    ...at(position, id),
    ownId: true,
    ...more,
  });
  const there = { position: { source: 'other', at: '7' } };
  const heldFact = (position: number, id?: string) => fact(position, id, { late: 'held' });
  const without = ({ id, type, position }: Event): Skipped => ({ id, type, ownId: true, position });
  const skip = (marks: Marks, ...events: readonly Event[]): void => {
    for (const event of events) marks.skip(without(event));
  };

  it('act at the first place only, also in another source, also in the next run', () => {
    const marks = new Marks();
    expect(verdicts(marks, fact(1), at(2), fact(3), fact(0, 'x', there))).toEqual([
      ...[true, true, false, false],
    ]);
    expect(verdicts(carried(marks), fact(4), fact(5, 'y'), fact(6, 'y'))).toEqual([
      ...[false, true, false],
    ]);
  });

  it('the same id is another fact under another type', () => {
    const marks = new Marks();
    const other = { type: 'payment.succeeded' };
    expect(verdicts(marks, fact(1), fact(2, 'x', other), fact(3, 'x', other), fact(4))).toEqual([
      ...[true, true, false, false],
    ]);
  });

  it('the mark passes a repetition: it is known by its place when its id is forgotten', () => {
    const marks = new Marks();
    verdicts(marks, fact(1), fact(9));
    expect(marks.state().marks['s']).toEqual({ at: fact(9).position.at, ids: ['x'] });
    for (let n = 0; n < 1_000; n += 1) {
      marks.accept(fact(0, String(n), { position: { source: 'busy', at: String(1_000 + n) } }));
    }
    expect(marks.state().recent).not.toContain('payment.failed\nx');
    expect(verdicts(carried(marks), fact(9), fact(1))).toEqual([false, false]);
  });

  it('passed over at one place and published again: act there, and not when they are redriven', () => {
    const marks = new Marks();
    skip(marks, fact(5));
    expect(verdicts(marks, at(6), fact(9), heldFact(5))).toEqual([true, true, false]);
    // A bridge that takes over announces what it finds held.
    skip(marks, fact(5));
    skip(marks, fact(12));
    expect(carried(marks).state().holes).toEqual({});
    expect(verdicts(marks, heldFact(5), at(13), heldFact(12))).toEqual([false, true, false]);
  });

  it('passed over in one source, published in another: no hole is left', () => {
    const marks = new Marks();
    skip(marks, fact(5));
    expect(verdicts(marks, fact(0, 'x', there))).toEqual([true]);
    expect(marks.state().holes).toEqual({});
  });

  it('passed over everywhere: act when the first of their places is redriven, whichever it is', () => {
    for (const [first, second] of [
      [5, 9],
      [9, 5],
    ] as const) {
      const marks = new Marks();
      skip(marks, fact(5), fact(9));
      const next = carried(marks);
      expect(verdicts(next, at(10), heldFact(first), heldFact(second))).toEqual([
        ...[true, true, false],
      ]);
    }
  });

  it('an earlier place that comes again fills no hole: it would be out of order', () => {
    const marks = new Marks();
    verdicts(marks, at(2));
    skip(marks, fact(5));
    expect(verdicts(marks, fact(1), heldFact(5), fact(1))).toEqual([false, true, false]);
  });

  it('two facts of one id are two holes', () => {
    const marks = new Marks();
    const other = { type: 'payment.succeeded' };
    skip(marks, fact(5));
    expect(verdicts(marks, fact(6, 'x', other), heldFact(5), heldFact(5))).toEqual([
      ...[true, true, false],
    ]);
  });

  it('what nobody could read before is dropped where it was applied from elsewhere', () => {
    const marks = new Marks();
    const late = { late: 'undecided' } as const;
    expect(verdicts(marks, fact(9), fact(4, 'x', late), fact(5, 'y', late), fact(10, 'y'))).toEqual(
      [...[true, false, true, false]],
    );
  });

  it('cost nothing where the place is all that events are known by', () => {
    const marks = new Marks();
    for (let n = 0; n < 100; n += 1) marks.accept(at(n));
    expect(Object.keys(marks.state())).toEqual(['marks', 'holes', 'late']);
  });

  it('a state from before is taken as it is: its holes are known by their places', () => {
    const before = { marks: {}, late: [], holes: { s: [{ id: 'x', at: at(5).position.at }] } };
    const marks = new Marks(before);
    expect(verdicts(marks, fact(9, 'y'), heldFact(5), heldFact(5))).toEqual([true, true, false]);
  });
});

describe('I5: bounds', () => {
  it('are kept, and what is given up is counted', () => {
    const marks = new Marks();
    for (let position = 1; position <= 300; position += 1) marks.skip(place(position));
    verdicts(marks, at(1_000, 'the mark'));
    for (let position = 301; position <= 1_310; position += 1) marks.accept(undecided(position));
    for (let row = 0; row < 4_010; row += 1) marks.accept(at(2_000, `row ${String(row)}`));
    const { holes, late, marks: known } = marks.state();
    expect([holes['s']?.length, late.length, known['s']?.ids.length]).toEqual([256, 1_000, 4_000]);
    expect(marks.forgotten).toBe(44 + 10 + 10);
    // The newest are kept; the oldest are refused as repetitions rather than applied twice.
    expect(verdicts(marks, held(300), held(1))).toEqual([true, false]);
  });

  it('where the mark has to move past what has not come, that is doubtful, and its loss is counted', () => {
    const marks = new Marks();
    verdicts(marks, at(1));
    marks.skip(place(600));
    for (let position = 1_256; position > 1_000; position -= 1) marks.accept(held(position));
    expect(marks.mayHaveLost(place(500))).toBe(false);
    marks.accept(held(1_000));
    const next = carried(marks);
    expect([500, 600, 1, 1_000, 1_001, 1_257].map((one) => next.mayHaveLost(place(one)))).toEqual([
      ...[true, false, true, false, false, false],
    ]);
    expect(next.forgotten).toBe(0);
    expect(verdicts(next, held(500), at(501), held(600), at(1_257))).toEqual([
      ...[false, false, true, true],
    ]);
    expect(next.forgotten).toBe(2);
  });
});
