/**
 * A model of everything around the engine: a log with committed offsets, workflows with inboxes,
 * a server that answers when the test lets it, and bridges that are killed and live on as zombies.
 */
import type { Command } from '../../src/bridges/command.js';
import {
  type DeadLetter,
  Engine,
  type EngineLimits,
  type Ports,
} from '../../src/bridges/engine.js';
import type { KafkaRecord } from '../../src/bridges/record.js';
import type { Request } from '../../src/bridges/request.js';
import type { Decision } from '../../src/bridges/route.js';
import type { Verdict } from '../../src/bridges/verdict.js';
import { Inbox } from '../../src/workflows/inbox.js';
import type { Event } from '../../src/workflows/index.js';
import { aRecord } from './records.js';

export interface Entry {
  readonly key: number;
  readonly kind: 'start' | 'signal' | 'signalWithStart' | 'ignore';
  readonly bad: 'no' | 'undecodable' | 'refused';
  /** Offsets skipped before this one, as compaction and transaction markers leave them. */
  readonly gap: number;
}

interface Placed extends Entry {
  readonly record: KafkaRecord;
  readonly id: string;
}

interface Pending {
  readonly request: Request;
  readonly answer: (verdict: Verdict) => void;
}

interface Member {
  readonly engine: Engine;
  readonly calls: Pending[];
  readonly burials: { letter: DeadLetter; done: () => void; fail: (error: Error) => void }[];
  readonly naps: (() => void)[];
  readonly paused: Set<number>;
  readonly fetched: Map<number, number>;
}

const topic = 't';
const tight: EngineLimits = {
  request: { events: 4, bytes: 1_000_000 },
  window: { records: 8, bytes: 1_000_000, span: 60 },
  inFlight: { floor: 1, start: 4, ceiling: 4 },
};

export class World {
  readonly #log: readonly (readonly Placed[])[];
  readonly #committed: number[];
  readonly #workflows = new Map<string, { inbox: Inbox<Event>; applied: Event[] }>();
  readonly #buried = new Map<string, number>();
  readonly #ignored = new Set<string>();
  /** Requests that reached no answer before their bridge died: they may still arrive. */
  readonly #late: Request[] = [];
  #member: Member;

  constructor(log: readonly (readonly Entry[])[]) {
    this.#log = log.map((entries, partition) => place(entries, partition));
    this.#committed = log.map(() => 0);
    this.#member = this.#join();
  }

  /** One thing happens, chosen by `choice` among what can. */
  async step(choice: number): Promise<void> {
    const { calls, burials, naps } = this.#member;
    const roll = choice % 100;
    const pick = Math.floor(choice / 100);
    if (roll < 40) this.#deliver(pick);
    else if (roll < 70) this.#answer(calls, pick);
    else if (roll < 76) this.#bury(burials, pick);
    else if (roll < 82) naps.splice(pick % (naps.length || 1), 1)[0]?.();
    else if (roll < 90) this.#commit();
    else if (roll < 93) this.#arriveLate(pick);
    else if (roll < 97) this.#rebalance();
    else this.#kill();
    await settle();
  }

  /** Everything goes well until nothing is left to do. */
  async drain(): Promise<void> {
    for (let turn = 0; turn < 5_000; turn += 1) {
      const { calls, burials, naps } = this.#member;
      this.#log.forEach((_, partition) => {
        this.#deliver(partition);
      });
      for (const { request, answer } of calls.splice(0)) answer(this.#apply(request));
      for (const burial of burials.splice(0)) this.#acknowledge(burial);
      for (const wake of naps.splice(0)) wake();
      await settle();
      this.#commit();
      if (this.#committed.every((offset, partition) => offset >= this.#end(partition))) return;
    }
    throw new Error('the engine does not come to an end');
  }

  /** Commits must never pass a record that nothing durable was decided on. */
  checkCommits(): void {
    const holes = this.#log.flatMap((entries, partition) =>
      entries.filter(
        (entry) =>
          Number(entry.record.offset) < (this.#committed[partition] ?? 0) && !this.#decided(entry),
      ),
    );
    if (holes.length > 0) throw new Error(`committed past ${holes.map(({ id }) => id).join()}`);
  }

  /** Records on which nothing durable was ever decided. */
  unsettled(): string[] {
    return this.#log.flat().flatMap((entry) => (this.#decided(entry) ? [] : [entry.id]));
  }

  /** Events applied twice, or out of their partition's order. */
  violations(): string[] {
    const found: string[] = [];
    for (const [workflowId, { applied }] of this.#workflows) {
      const highest = new Map<string, string>();
      for (const { id, position } of applied) {
        const last = highest.get(position.source);
        if (last !== undefined && position.at <= last)
          found.push(`${workflowId}: ${id} after ${last}`);
        highest.set(position.source, position.at);
      }
    }
    return found;
  }

  #decided(entry: Placed): boolean {
    if (entry.kind === 'ignore' && entry.bad === 'no') return true;
    if (entry.bad !== 'no') return this.#buried.has(entry.id);
    const { inbox, applied } = this.#workflows.get(workflowOf(entry)) ?? {};
    if (applied?.some(({ id }) => id === entry.id)) return true;
    // A signal that came where nothing ran, or a start of a run that exists, is decided too.
    return this.#ignored.has(entry.id) && inbox !== undefined ? true : this.#ignored.has(entry.id);
  }

  #join(): Member {
    const calls: Pending[] = [];
    const burials: Member['burials'] = [];
    const naps: (() => void)[] = [];
    const paused = new Set<number>();
    const ports: Ports = {
      decide: (record) => [this.#decide(record)],
      dispatch: (request) =>
        new Promise((answer) => {
          calls.push({ request, answer });
        }),
      bury: (letter) =>
        new Promise((done, fail) => {
          burials.push({ letter, done, fail });
        }),
      pause: (_, partition) => paused.add(partition),
      resume: (_, partition) => paused.delete(partition),
      sleep: () => new Promise((wake) => naps.push(wake)),
      random: () => 0.5,
      now: () => 0,
      decided: () => undefined,
      retrying: () => undefined,
      halt: (cause) => {
        throw new Error(`halted: ${cause}`);
      },
    };
    const engine = new Engine(ports, tight);
    engine.assigned();
    return { engine, calls, burials, naps, paused, fetched: new Map() };
  }

  #decide(record: KafkaRecord): Decision {
    const entry = this.#log[record.partition]?.find((one) => one.record === record);
    if (entry === undefined) throw new Error('a record that is not in the log');
    const route = 'r';
    if (entry.bad === 'undecodable') {
      return { kind: 'reject', route, reason: 'undecodable-json', detail: '' };
    }
    if (entry.kind === 'ignore' && entry.bad === 'no') {
      return { kind: 'ignore', route, reason: 'no-match' };
    }
    return { kind: 'dispatch', route, command: commandOf(entry) };
  }

  #deliver(pick: number): void {
    const partition = pick % this.#log.length;
    const { engine, fetched, paused } = this.#member;
    if (paused.has(partition)) return;
    const from = fetched.get(partition) ?? this.#committed[partition] ?? 0;
    const size = 1 + (pick % 7);
    const entries = (this.#log[partition] ?? []).filter(
      ({ record }) => Number(record.offset) >= from,
    );
    const batch = entries.slice(0, size).map(({ record }) => record);
    const last = batch.at(-1);
    if (last === undefined) return;
    const next = Number(last.offset) + 1;
    fetched.set(partition, next);
    engine.deliver({ topic, partition, epoch: engine.epoch, next: BigInt(next) }, batch);
  }

  #answer(calls: Pending[], pick: number): void {
    const [call] = calls.splice(pick % (calls.length || 1), 1);
    if (call === undefined) return;
    const { request, answer } = call;
    const retry = { kind: 'retry', scope: 'all', cause: 'away' } as const;
    switch (pick % 5) {
      case 0: // The server never saw it.
        answer(retry);
        return;
      case 1: // The server did it, the answer got lost.
        this.#apply(request);
        answer(retry);
        return;
      case 2: // It is still on its way when the client gives up waiting.
        this.#late.push(request);
        answer({ ...retry, scope: 'lane' });
        return;
      default:
        answer(this.#apply(request));
    }
  }

  #bury(burials: Member['burials'], pick: number): void {
    const [burial] = burials.splice(pick % (burials.length || 1), 1);
    if (burial === undefined) return;
    if (pick % 3 === 0) burial.fail(new Error('broker away'));
    else this.#acknowledge(burial);
  }

  #acknowledge({ letter, done }: Member['burials'][number]): void {
    const id = idOf(letter.record);
    this.#buried.set(id, (this.#buried.get(id) ?? 0) + 1);
    done();
  }

  #commit(): void {
    for (const { window, offset } of this.#member.engine.releases()) {
      window.committed = offset;
      this.#committed[window.partition] = Number(offset);
    }
  }

  #arriveLate(pick: number): void {
    const [request] = this.#late.splice(pick % (this.#late.length || 1), 1);
    if (request !== undefined) this.#apply(request);
  }

  /** The same bridge gets its partitions again: what was not committed is read again. */
  #rebalance(): void {
    this.#member.engine.assigned();
    this.#member.fetched.clear();
    this.#member.paused.clear();
  }

  /** A new bridge takes over; requests of the dead one may still reach the server. */
  #kill(): void {
    const { engine, calls } = this.#member;
    engine.stop();
    this.#late.push(...calls.map(({ request }) => request));
    this.#member = this.#join();
  }

  /** What Temporal and the workflow's inbox do with a request. */
  #apply(request: Request): Verdict {
    const { workflowId, events } = request;
    if (events.some(({ data }) => data === 'refused')) {
      return { kind: 'reject', reason: 'refused-arguments', detail: 'bad' };
    }
    let workflow = this.#workflows.get(workflowId);
    if (workflow === undefined) {
      if (request.kind === 'signal') {
        for (const { id } of events) this.#ignored.add(id);
        return { kind: 'missing' };
      }
      workflow = { inbox: new Inbox<Event>(), applied: [] };
      this.#workflows.set(workflowId, workflow);
    } else if (request.kind === 'start') {
      for (const { id } of events) this.#ignored.add(id);
      return { kind: 'done', how: 'already-started' };
    }
    workflow.inbox.receive(events);
    for (let event = workflow.inbox.poll(); event !== undefined; event = workflow.inbox.poll()) {
      workflow.applied.push(event);
    }
    return { kind: 'done', how: 'accepted' };
  }

  #end(partition: number): number {
    return Number(this.#log[partition]?.at(-1)?.record.offset ?? -1) + 1;
  }
}

function place(entries: readonly Entry[], partition: number): Placed[] {
  let offset = -1;
  return entries.map((entry) => {
    offset += 1 + entry.gap;
    const record = aRecord({ topic, partition, offset: String(offset) });
    return { ...entry, record, id: idOf(record) };
  });
}

function idOf({ partition, offset }: KafkaRecord): string {
  return `${String(partition)}:${offset}`;
}

function workflowOf({ key }: Entry): string {
  return `w${String(key)}`;
}

function commandOf(entry: Placed): Command {
  const { record, id, kind, bad } = entry;
  const position = {
    source: `kafka:t#0/${String(record.partition)}`,
    at: record.offset.padStart(20, '0'),
  };
  const event = { id, type: 'e', occurredAt: '2024-01-01T00:00:00.000Z', position, data: bad };
  const workflowId = workflowOf(entry);
  const listing = { attributes: {}, summary: '' };
  if (kind === 'signal') return { kind, workflowId, event, whenMissing: 'ignore' };
  return {
    kind: kind === 'start' ? 'start' : 'signalWithStart',
    workflow: 'w',
    workflowId,
    event,
    args: [{}],
    listing,
    whenClosed: 'leave-closed',
  };
}

function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
