import { describe, expect, it } from 'vitest';
import { type Attempt, type Downtime, judge } from './verdict.js';

const expected = new Map([
  ['a', [{ n: 1 }, { n: 2 }, { n: 5 }]],
  ['b', [{ n: 1 }]],
]);
const applied = [
  { id: 'a1', stream: 'a', n: 1 },
  { id: 'b1', stream: 'b', n: 1 },
  { id: 'a2', stream: 'a', n: 2 },
  { id: 'a5', stream: 'a', n: 5 },
];
const death = (fromMs: number, toMs: number) => ({ fromMs, toMs });
const attempt = (id: string, step: string, atMs: number): Attempt => ({ id, step, atMs });
const attempts = applied.map(({ id }) => attempt(id, `of ${id}`, 1_000));
const nothing = {
  ...{ lost: [], strange: [], doubled: [], disordered: [] },
  ...{ repeated: 0, unexplained: [] },
};
const good = { expected, applied, attempts, deaths: [] };

describe('the verdict of the crash matrix', () => {
  it('finds nothing where each was recorded once, in order', () => {
    expect(judge(good)).toEqual(nothing);
  });

  it('names what is missing, and what nobody asked for', () => {
    const other = [...applied.slice(1), { id: 'c1', stream: 'c', n: 1 }];
    expect(judge({ ...good, applied: other })).toEqual({
      ...nothing,
      lost: ['a 1'],
      strange: ['c 1'],
    });
  });

  it('names what came after a later one, unless no order is promised', () => {
    const late = { id: 'a2', stream: 'a', n: 2 };
    const order = [...applied.filter(({ id }) => id !== 'a2'), late];
    expect(judge({ ...good, applied: order }).disordered).toEqual(['a 2 after 5']);
    const free = order.map((event) => ({ ...event, stream: `${event.stream}/matrix.opened` }));
    expect(judge({ ...good, applied: free }).disordered).toEqual([]);
  });

  it('two steps for one event are two applications; two ids for one change as well', () => {
    const twice = [...attempts, attempt('a1', 'another', 2_000)];
    expect(judge({ ...good, attempts: twice, deaths: [death(1_500, 1_600)] }).doubled).toEqual([
      'a1',
    ]);
    const again = [...applied, { id: 'a5 again', stream: 'a', n: 5 }];
    expect(judge({ ...good, applied: again }).doubled).toEqual(['a 5']);
  });

  it('a step is repeated only where something died meanwhile', () => {
    const repeated = [...attempts, attempt('a1', 'of a1', 40_000)];
    const about = (deaths: readonly Downtime[]) => judge({ ...good, attempts: repeated, deaths });
    expect(about([death(5_000, 6_000)])).toEqual({ ...nothing, repeated: 1 });
    expect(about([death(-30_000, -8_000)]).unexplained).toEqual([]);
    expect(about([death(-30_000, -12_000), death(41_000, 50_000)]).unexplained).toEqual(['a1']);
  });

  it('an activity without a workflow knows its events by their ids', () => {
    const tallied = [attempt('a1', 'run x', 1_000), attempt('a1', 'run y', 3_000)];
    expect(judge({ ...good, attempts: tallied, deaths: [death(2_000, 2_100)] }).doubled).toEqual(
      [],
    );
  });
});
