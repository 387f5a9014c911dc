/** Events that run one durable activity, singly and in lists, with and without standalone activities. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { ApplicationFailure } from '@temporalio/common';
import { activityInfo } from '@temporalio/activity';
import { Client } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { ensureEffectsSchema } from '../../src/activities/effect-memory.js';
import { onceEach } from '../../src/activities/once.js';
import type { Bridge } from '../../src/bridge.js';
import type { BridgeOptions } from '../../src/bridge-options.js';
import { application } from '../../src/bridges/matching/application-source.js';
import { effectsOf, type EffectOutcome } from '../../src/bridges/matching/command.js';
import { defaultLimits, type Outcome } from '../../src/bridges/engine/engine-ports.js';
import type { EventKind } from '../../src/bridges/matching/event-source.js';
import { defineRoute } from '../../src/bridges/matching/route.js';
import { ensureTopics } from '../../src/stack/topics.js';
import type { Event } from '../../src/workflows/index.js';
import { withoutActivities } from '../support/older-server.js';
import { anEvent } from '../support/records.js';
import { eventually } from '../support/site.js';
import { openTemporalStage, type TemporalStage } from '../support/temporal-stage.js';

type Asked = Event<
  'effect.asked',
  { readonly key: string; readonly n: number; readonly pad: string }
>;

/** What happens when it is that event's turn, the `attempt`th time. */
type Behaviour = (event: Asked, attempt: number) => Promise<EffectOutcome> | EffectOutcome;

const done = { status: 'done' } as const;
/** What `headrace/workflow` exports: a worker of another project has nothing else. */
const workflowsPath = fileURLToPath(new URL('../../src/workflows/authoring.ts', import.meta.url));

/** Activities that write down what they do, and behave as the test says. */
class Witness {
  /** `<key><n>` in the order in which it was begun; one word per run of an activity. */
  readonly runs: string[][] = [];
  readonly inWorkflow: boolean[] = [];
  readonly busy = new Set<string>();
  overlaps = 0;
  behave: Behaviour = () => done;
  /** It answers for none of what it was given. */
  isCurt = false;
  readonly #attempts = new Map<string, number>();

  get words(): string[] {
    return this.runs.flat();
  }

  of(key: string): string[] {
    return this.words.filter((word) => word.startsWith(key));
  }

  async #run(events: readonly Asked[]): Promise<EffectOutcome[]> {
    this.runs.push(events.map(wordOf));
    this.inWorkflow.push(activityInfo().inWorkflow);
    const keys = events.map(({ data }) => data.key);
    this.overlaps += keys.filter((key, at) => this.busy.has(key) || keys.indexOf(key) < at).length;
    for (const key of keys) this.busy.add(key);
    try {
      const outcomes: EffectOutcome[] = [];
      for (const event of events) {
        const attempt = (this.#attempts.get(event.id) ?? 0) + 1;
        this.#attempts.set(event.id, attempt);
        outcomes.push(await this.behave(event, attempt));
      }
      return this.isCurt ? [] : outcomes;
    } finally {
      for (const key of keys) this.busy.delete(key);
    }
  }

  readonly activities = {
    one: async (event: Asked): Promise<void> => {
      await this.#run([event]);
    },
    many: (events: readonly Asked[]): Promise<readonly EffectOutcome[]> => this.#run(events),
  };
}

type Effects = Witness['activities'] & {
  readonly booked: (events: readonly Asked[]) => Promise<readonly EffectOutcome[]>;
};

describe('effects', () => {
  let stage: TemporalStage;

  beforeAll(async () => {
    stage = await openTemporalStage(inject('addresses'));
    await ensureEffectsSchema(stage.pool);
    await stage.pool.query('create table if not exists effects_test (topic text, word text)');
  });
  afterEach(() => stage.rest());
  afterAll(() => stage.close());

  /** A topic of one partition whose events run `activity`, a worker, and what was decided. */
  const scene = async (activity: keyof Effects) => {
    const topic = `effects-${randomUUID().slice(0, 8)}`;
    await ensureTopics(stage.kafka, [{ topic, partitions: 1 }]);
    const witness = new Witness();
    const booked = onceEach<Asked>(stage.pool, topic, async (events, tx) => {
      const outcomes = await witness.activities.many(events);
      const words = events.map(wordOf).filter((_, at) => outcomes[at]?.status === 'done');
      await tx.query('insert into effects_test select $1, unnest($2::text[])', [topic, words]);
      return outcomes;
    });
    const activities: Effects = { ...witness.activities, booked };
    const worker = await stage.worker({
      ...{ taskQueue: topic, activities, workflowsPath },
      shutdownGraceTime: '1 second',
    });
    stage.untilRest(worker);
    const data = z
      .object({ key: z.string(), n: z.number(), size: z.number().default(0) })
      .transform(({ key, n, size }) => ({ key, n, pad: 'x'.repeat(size) }));
    const asked: EventKind<Asked> = {
      type: 'effect.asked',
      sources: [application<Asked>({ type: 'effect.asked', topic, data })],
    };
    const { run, runList } = effectsOf<Effects>();
    const route = defineRoute<Asked>('effect', asked, `run ${activity}`, (event) => {
      const { key } = event.data;
      return activity === 'one' ? run('one', event, { key }) : runList(activity, event, { key });
    });
    const bridge = async (groupId: string, of: Partial<BridgeOptions> = {}) => {
      const outcomes: Outcome[] = [];
      const retries: string[] = [];
      const observer = {
        decided: (outcome: Outcome) => outcomes.push(outcome),
        retrying: (_what: string, { code }: { readonly code: string }) => retries.push(code),
      };
      const started = await stage.bridge({
        ...{ taskQueue: topic, routes: [route], observer, ...of },
        ...{ groupId: `${topic}-${groupId}`, deadLetterTopic: `${topic}-letters` },
      });
      const decided = async (count: number): Promise<string[]> => {
        await eventually(
          `${String(count)} decisions`,
          async () => (await raced(started)) && outcomes.length >= count,
        );
        return outcomes.map(({ kind, reason, record }) => {
          const { data } = JSON.parse(String(record.value)) as Pick<Asked, 'data'>;
          return [`${data.key}${String(data.n)}`, kind, reason ?? []].flat().join(' ');
        });
      };
      return { ...started, bridge: started, decided, retries };
    };
    const send = async (...asks: [key: string, n: number, size?: number][]): Promise<void> => {
      const messages = asks.map(([key, n, size = 0]) => {
        const event = {
          id: `${key}${String(n)}@${topic}`,
          type: 'effect.asked',
          data: { key, n, size },
        };
        return { key, value: JSON.stringify({ ...event, occurredAt: new Date().toISOString() }) };
      });
      await stage.producer.send({ topic, messages });
    };
    const rows = async (): Promise<string[]> => {
      const text = 'select word from effects_test where topic = $1 order by word';
      return (await stage.pool.query<{ word: string }>(text, [topic])).rows.map(({ word }) => word);
    };
    return { topic, witness, bridge, send, rows };
  };

  it('one a run: in the order of its key, other keys beside it, without a workflow', async () => {
    const { witness, bridge, send } = await scene('one');
    let met: () => void = () => undefined;
    const both = new Promise<void>((resolve) => (met = resolve));
    // Ends only if the first of both keys are at work at the same time.
    witness.behave = async ({ data }) => {
      if (witness.busy.size > 1) met();
      if (data.n === 1) await both;
      return done;
    };
    await send(['a', 1], ['a', 2], ['b', 1], ['a', 3], ['b', 2]);
    const { decided } = await bridge('1');
    expect((await decided(5)).sort()).toEqual(['a1 ran', 'a2 ran', 'a3 ran', 'b1 ran', 'b2 ran']);
    expect([witness.of('a'), witness.of('b')]).toEqual([
      ['a1', 'a2', 'a3'],
      ['b1', 'b2'],
    ]);
    expect([witness.overlaps, new Set(witness.inWorkflow)]).toEqual([0, new Set([false])]);
  });

  it.each(['standalone', 'in a workflow'])(
    'one a run, %s: what throws is tried again, what is refused is a dead letter',
    async (how) => {
      const { witness, bridge, send } = await scene('one');
      witness.behave = ({ data }, attempt) => {
        if (data.n === 1 && attempt < 3) throw new Error('not now');
        if (data.n === 2) throw ApplicationFailure.nonRetryable('no such sku');
        return done;
      };
      await send(['a', 1], ['a', 2], ['a', 3]);
      const older = new Client({ connection: withoutActivities(stage.connection) });
      const { decided } = await bridge('1', how === 'standalone' ? {} : { client: older });
      expect(await decided(3)).toEqual(['a1 ran', 'a2 dead-lettered effect-refused', 'a3 ran']);
      expect(witness.words).toEqual(['a1', 'a1', 'a1', 'a2', 'a3']);
      expect(new Set(witness.inWorkflow)).toEqual(new Set([how !== 'standalone']));
      // Another group reads all of it again: what went through is known, what failed is asked anew.
      const again = await bridge('2', how === 'standalone' ? {} : { client: older });
      expect(await again.decided(3)).toEqual([
        'a1 ran',
        'a2 dead-lettered effect-refused',
        'a3 ran',
      ]);
      expect(witness.words.slice(5)).toEqual(['a2']);
    },
  );

  it.each(['standalone', 'in a workflow'])(
    'one a run, %s: a bridge that starts while it is at work waits for its end',
    async (how) => {
      const { witness, bridge, send } = await scene('one');
      let open: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => (open = resolve));
      witness.behave = async () => {
        await gate;
        return done;
      };
      const of =
        how === 'standalone'
          ? {}
          : { client: new Client({ connection: withoutActivities(stage.connection) }) };
      await send(['a', 1]);
      const first = await bridge('1', of);
      await eventually('it to be at work', () => Promise.resolve(witness.words.length === 1));
      await first.bridge.stop(100);
      const second = await bridge('1', of);
      await eventually('its request', () => Promise.resolve(second.engine.inFlight === 1));
      open();
      expect(await second.decided(1)).toEqual(['a1 ran']);
      expect(witness.words).toEqual(['a1']);
    },
  );

  it.each([
    ['one', 'standalone'],
    ['one', 'in a workflow'],
    ['many', 'standalone'],
  ] as const)(
    '%s, %s: more that fail again and again than may run at once hold up no others',
    async (activity, how) => {
      const { witness, bridge, send } = await scene(activity);
      let isMended = false;
      witness.behave = ({ data: { key, n } }) => {
        if (key === 'd' || isMended) {
          if (key === 'c') throw ApplicationFailure.nonRetryable('no such sku');
          return done;
        }
        throw new Error(`not now: ${String(n)}`);
      };
      const limits = { ...defaultLimits, runs: 1, singles: 2, request: { events: 1, bytes: 1 } };
      const older = new Client({ connection: withoutActivities(stage.connection) });
      const of = how === 'standalone' ? { limits } : { limits, client: older };
      await send(['a', 1], ['b', 1], ['c', 1], ['d', 1], ['a', 2]);
      const { decided, retries } = await bridge('1', of);
      expect(await decided(1)).toEqual(['d1 ran']);
      await eventually('the retries', () => Promise.resolve(retries.length > 4));
      expect(new Set(retries)).toEqual(new Set(['effect-unfinished']));
      isMended = true;
      // What failed for good while nobody looked is a dead letter, not begun anew.
      expect((await decided(5)).slice(1).sort()).toEqual([
        ...['a1 ran', 'a2 ran', 'b1 ran', 'c1 dead-lettered effect-refused'],
      ]);
      expect(witness.overlaps).toBe(0);
      const endings = witness.words.filter((word) => word === 'c1').length;
      await send(['d', 2]);
      await decided(6);
      expect(witness.words.filter((word) => word === 'c1')).toHaveLength(endings);
    },
  );

  it.each(['standalone', 'in a workflow'])(
    'a list, %s: each has its own outcome; what is tried again holds up its key only',
    async (how) => {
      const { witness, bridge, send } = await scene('many');
      const older = new Client({ connection: withoutActivities(stage.connection) });
      witness.behave = ({ data: { key, n } }, attempt) => {
        if (key === 'b' && n === 1 && attempt < 3) return { status: 'retry', reason: 'locked' };
        if (key === 'c' && n === 1) return { status: 'reject', reason: 'no such sku' };
        return done;
      };
      await send(['a', 1], ['b', 1], ['c', 1], ['a', 2], ['b', 2], ['c', 2]);
      const { decided } = await bridge('1', how === 'standalone' ? {} : { client: older });
      expect((await decided(6)).sort()).toEqual([
        ...['a1 ran', 'a2 ran', 'b1 ran', 'b2 ran', 'c1 dead-lettered effect-refused', 'c2 ran'],
      ]);
      expect(witness.of('a')).toEqual(['a1', 'a2']);
      expect(witness.of('b')).toEqual(['b1', 'b1', 'b1', 'b2']);
      expect(witness.of('c')).toEqual(['c1', 'c2']);
      expect(witness.overlaps).toBe(0);
      expect(witness.runs[0]).toEqual(['a1', 'b1', 'c1']);
    },
  );

  it('a list that throws for good is split, and only the bad one is a dead letter', async () => {
    const { witness, bridge, send } = await scene('many');
    witness.behave = ({ data }, attempt) => {
      if (data.key === 'a' && attempt === 1) throw new Error('not now');
      if (data.key === 'b') throw ApplicationFailure.nonRetryable('cannot be');
      return done;
    };
    await send(['a', 1], ['b', 1], ['c', 1]);
    const { decided } = await bridge('1');
    const words = ['a1 ran', 'b1 dead-lettered effect-refused', 'c1 ran'];
    expect((await decided(3)).sort()).toEqual(words);
  });

  it('a list too large for the server is split, and only what is itself too large is refused', async () => {
    const { witness, bridge, send } = await scene('many');
    const large = 300 * 1024;
    // The records are small: only the events made of them are large, which nobody can know before.
    await send(
      ...['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(
        (key) => [key, 1, large] as [string, number, number],
      ),
    );
    await send(['z', 1, 3 * 1024 * 1024], ['z', 2]);
    const { decided } = await bridge('1');
    expect((await decided(10)).sort()).toEqual([
      ...['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((key) => `${key}1 ran`),
      'z1 dead-lettered payload-too-large',
      'z2 ran',
    ]);
    expect(witness.words.sort().join(' ')).toBe('a1 b1 c1 d1 e1 f1 g1 h1 z2');
  });

  it('a list that does not answer for each of its events halts the bridge', async () => {
    const { witness, bridge, send } = await scene('many');
    witness.isCurt = true;
    await send(['a', 1]);
    const { halted } = await bridge('1');
    await expect(halted).rejects.toThrow('a list effect must answer for each of its events');
  });

  it('onceEach: whoever reads it again, however it is cut, each is done once', async () => {
    const { witness, bridge, send, rows } = await scene('booked');
    const asks = Array.from(
      { length: 30 },
      (_, n) => [`k${String(n % 7)}-`, n] as [string, number],
    );
    let isMended = false;
    witness.behave = ({ data: { n } }, attempt) => {
      if (n === 4 && attempt === 1) return { status: 'retry', reason: 'locked' };
      if (n === 5 && !isMended) return { status: 'reject', reason: 'no such sku' };
      return done;
    };
    await send(...asks);
    const first = await bridge('1');
    const refused = (words: string[]) => words.filter((word) => !word.endsWith(' ran'));
    expect(refused(await first.decided(30))).toEqual(['k5-5 dead-lettered effect-refused']);
    isMended = true;
    const limits = { request: { events: 3, bytes: 256 * 1024 } };
    const again = ['2', '3'].map((group) =>
      bridge(group, { limits: { ...defaultLimits, ...limits } }),
    );
    for (const { decided } of await Promise.all(again)) {
      expect(refused(await decided(30))).toEqual([]);
    }
    expect(await rows()).toEqual(asks.map(([key, n]) => `${key}${String(n)}`).sort());
  });

  it('onceEach: one id published twice is done once, under two types it is two', async () => {
    const applied: string[] = [];
    const note = onceEach(stage.pool, randomUUID(), (events) => {
      applied.push(...events.map(({ type, position: { at } }) => `${type} ${at}`));
      return Promise.resolve(events.map(() => done));
    });
    const at = (type: string, offset: string) =>
      anEvent({ type, ownId: true, position: { source: 'kafka:t#0/0', at: offset } });
    const twice = [at('sold', '1'), at('returned', '2'), at('sold', '3')];
    expect(await note(twice)).toEqual([done, done, done]);
    expect(await note([at('returned', '4')])).toEqual([done]);
    expect(applied).toEqual(['sold 1', 'returned 2']);
  });
});

function wordOf({ data: { key, n } }: Asked): string {
  return `${key}${String(n)}`;
}

/** True while `bridge` works; throws why it does not. */
async function raced(bridge: Bridge): Promise<boolean> {
  return Promise.race([bridge.halted, Promise.resolve(true)]);
}
