/** Dead letters under `skip` and `park`, waiting for a workflow, and redrive: order and once-ness. */
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventsSignal, inboxQuery } from '../../src/workflows/index.js';
import { type LedgerStage, openLedgerStage } from '../support/ledger-stage.js';
import { eventually, exists } from '../support/site.js';

describe('what is set aside', () => {
  let stage: LedgerStage;

  beforeAll(async () => {
    stage = await openLedgerStage(inject('addresses'));
  });
  afterEach(() => stage.rest());
  afterAll(() => stage.close());

  it('skip: the later ones go on; mended and redriven, it comes late, and once', async () => {
    const { bridge, end, send, reach, holds, says, name } = await stage.scene();
    const strict = await bridge({ onDeadLetter: 'skip' });
    await send(name('a'), 'open', 1, '2', 3);
    await reach(name('a'), 1, 3);
    await holds({ dead: 1 });
    expect((await says('list')).out).toMatch(/dead +│ schema-mismatch/);
    await end(strict);
    await bridge({ onDeadLetter: 'skip', widened: true });
    const { code, out } = await says('redrive', '--yes');
    expect([code, out]).toEqual([0, expect.stringContaining('1 redriven, 0 dead again')]);
    await reach(name('a'), 1, 3, 2);
    await send(name('a'), 4);
    await reach(name('a'), 1, 3, 2, 4);
    expect((await says('redrive', '--yes')).out).toContain('No dead letter fits');
    await holds({ redriven: 1 });
  });

  it('park: the later ones of its key wait, others go on; redriven, all come in order', async () => {
    const { bridge, end, send, reach, holds, says, name } = await stage.scene();
    const strict = await bridge({ onDeadLetter: 'park' });
    await send(name('a'), 'open', 1, '2', 3, 4);
    await send(name('b'), 'open', 7, 8);
    await reach(name('b'), 7, 8);
    await reach(name('a'), 1);
    await holds({ dead: 1, behind: 2 });
    const again = await says('redrive', '--yes');
    expect([again.code, again.out]).toEqual([3, expect.stringContaining('1 dead again')]);
    await end(strict);
    await bridge({ onDeadLetter: 'park', widened: true });
    await send(name('a'), 5);
    await holds({ dead: 1, behind: 3 });
    await reach(name('a'), 1);
    expect((await says('redrive', '--yes')).code).toBe(0);
    await reach(name('a'), 1, 2, 3, 4, 5);
    await holds({ redriven: 1, delivered: 3 });
    await send(name('a'), 6);
    await reach(name('a'), 1, 2, 3, 4, 5, 6);
  });

  it('park, discarded: the later ones go on without it', async () => {
    const { bridge, send, reach, holds, says, name } = await stage.scene();
    await bridge({ onDeadLetter: 'park' });
    await send(name('a'), 'open', 1, '2', 3);
    await holds({ dead: 1, behind: 1 });
    const { code } = await says('discard', '--state', 'dead', '--yes', '--why', 'a test');
    expect(code).toBe(0);
    await reach(name('a'), 1, 3);
    await holds({ discarded: 1, delivered: 1 });
    await send(name('a'), 4);
    await reach(name('a'), 1, 3, 4);
  });

  it('a missing workflow: what is for it waits, is seen, and comes when it starts', async () => {
    const { bridge, send, reach, holds, says, name } = await stage.scene();
    await bridge({ whenMissing: { parkMs: 600_000 } });
    await send(name('a'), 1);
    await holds({ waiting: 1 });
    await send(name('a'), 2);
    await holds({ waiting: 1, behind: 1 });
    const { out } = await says('waiting');
    expect(out).toContain(name('a'));
    expect(out).toMatch(/│ 9m \d+s/);
    await send(name('a'), 'open', 3);
    await reach(name('a'), 1, 2, 3);
    await eventually('nothing to wait', async () =>
      (await says('waiting')).out.includes('Nothing'),
    );
  });

  it('whose time is over becomes a dead letter; redriven when it runs, it comes', async () => {
    const { bridge, send, reach, holds, says, name } = await stage.scene();
    await bridge({ whenMissing: { parkMs: 1_500 } });
    await send(name('a'), 1);
    await holds({ dead: 1 });
    expect((await says('list')).out).toMatch(/dead +│ workflow-missing/);
    await send(name('a'), 'open');
    await eventually('it to run', () => exists(stage.client.workflow.getHandle(name('a'))));
    expect((await says('redrive', '--yes')).code).toBe(0);
    await reach(name('a'), 1);
    await holds({ redriven: 1 });
  });

  it('park behind what is too large for Temporal: redriven in vain, mended, or discarded', async () => {
    const { bridge, end, send, entries, reach, holds, says, name } = await stage.scene();
    const strict = await bridge({ onDeadLetter: 'park' });
    const large = (n: number) => ({ n, size: 2_500_000 });
    await send(name('a'), 'open', 1, large(2), 3);
    await send(name('b'), 'open', large(7), 8);
    await send(name('c'), 'open', 9);
    await reach(name('c'), 9);
    await holds({ dead: 2, behind: 2 });
    const { out } = await says('list', '--json');
    expect(JSON.parse(out)).toContainEqual(
      expect.objectContaining({ state: 'dead', reason: 'payload-too-large', count: 2 }),
    );
    const again = await says('redrive', '--yes');
    expect([again.code, again.out]).toEqual([3, expect.stringContaining('2 dead again')]);
    // One that came meanwhile waits with the others.
    await send(name('a'), 4);
    await holds({ dead: 2, behind: 3 });
    const discarded = await says('discard', '--workflow', name('b'), '--yes', '--why', 'a test');
    expect(discarded.code).toBe(0);
    await reach(name('b'), 8);
    expect(await entries(name('a'))).toEqual([1]);
    await end(strict);
    await bridge({ onDeadLetter: 'park', slim: true });
    expect((await says('redrive', '--yes')).code).toBe(0);
    await reach(name('a'), 1, 2, 3, 4);
    await holds({ redriven: 1, discarded: 1, delivered: 3 });
    await send(name('b'), 10);
    await reach(name('b'), 8, 10);
  });

  it('skip: what was discarded takes no room in the inbox, what it forgot is not redriven', async () => {
    const { topic, bridge, end, send, entries, reach, holds, says, name } = await stage.scene();
    const strict = await bridge({ onDeadLetter: 'skip' });
    const large = (n: number) => ({ n, size: 2_500_000 });
    await send(name('a'), 'open', large(1), 2, large(3), 4);
    await reach(name('a'), 2, 4);
    await holds({ dead: 2 });
    const handle = stage.client.workflow.getHandle(name('a'));
    const holes = async (): Promise<string[]> => {
      const [found = []] = Object.values((await handle.query(inboxQuery)).holes);
      return found.map(({ at }) => at.replace(/^0+/, ''));
    };
    expect(await holes()).toEqual(['1', '3']);
    const one = (offset: number): string[] => ['--offset', `${topic}/0/${String(offset)}`, '--yes'];
    expect((await says('discard', ...one(1), '--why', 'a test')).out).toContain('1 discarded');
    await send(name('a'), large(5), 6);
    await reach(name('a'), 2, 4, 6);
    expect(await holes()).toEqual(['3', '5']);
    await end(strict);
    await bridge({ onDeadLetter: 'skip', slim: true });
    expect((await says('redrive', ...one(3))).code).toBe(0);
    await reach(name('a'), 2, 4, 6, 3);
    // By another hand than the bridge's, as two groups would.
    const [source = ''] = Object.keys((await handle.query(inboxQuery)).marks);
    const passedOver = Array.from({ length: 256 }, (_, n) => ({
      ...{ id: `other-${String(n)}`, position: { source, at: String(n + 100).padStart(20, '0') } },
    }));
    await handle.signal(eventsSignal, [], passedOver);
    const refused = await says('redrive', ...one(5));
    expect([refused.code, refused.out]).toEqual([3, expect.stringContaining('1 dead again')]);
    expect((await says('list')).out).toContain('inbox-forgot');
    expect(await entries(name('a'))).toEqual([2, 4, 6, 3]);
    await holds({ dead: 1, redriven: 1, discarded: 1 });
  });

  it('an alarm before the deadline, however short the time, and none for who comes in time', async () => {
    const { bridge, send, holds, name } = await stage.scene();
    const alarms: { workflowId: string; leftMs: number; wasWaiting: boolean }[] = [];
    const waits = new Set<string>();
    await bridge(
      { whenMissing: { parkMs: 8_000 } },
      {
        observer: {
          expiring: (workflowId, deadlineMs) => {
            const leftMs = deadlineMs - Date.now();
            alarms.push({ workflowId, leftMs, wasWaiting: waits.has(workflowId) });
          },
          decided: ({ kind, workflowId = '' }) => {
            if (kind === 'parked') waits.add(workflowId);
          },
        },
      },
    );
    await send(name('a'), 1);
    await send(name('b'), 2);
    await holds({ waiting: 2 });
    await send(name('b'), 'open');
    await holds({ dead: 1, delivered: 1 });
    const ids = alarms.map(({ workflowId }) => workflowId);
    expect(new Set(ids)).toEqual(new Set([name('a')]));
    for (const { leftMs, wasWaiting } of alarms) {
      expect(wasWaiting).toBe(true);
      expect(leftMs).toBeGreaterThan(0);
      expect(leftMs).toBeLessThanOrEqual(2_000);
    }
  });
});
