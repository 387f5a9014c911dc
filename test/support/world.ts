/**
 * A model of everything around the engine: a log with committed offsets, workflows with inboxes, a
 * server that answers when the test lets it, a store of held records, an operator who redrives and
 * discards, producers that publish a fact again, bridges that are killed or that live on as
 * zombies, and claims that arrive when their bridge is long gone.
 */
import type { Command } from '../../src/bridges/matching/command.js';
import type { Recollection, Seen } from '../../src/bridges/engine/request-executor.js';
import type { DeadLetter } from '../../src/bridges/holding/dead-letters.js';
import { Engine } from '../../src/bridges/engine/engine.js';
import type { EngineLimits, EnginePorts } from '../../src/bridges/engine/engine-ports.js';
import { silent } from '../../src/bridges/engine/observer.js';
import type { KafkaRecord } from '../../src/bridges/matching/record.js';
import type { Request } from '../../src/bridges/engine/request.js';
import type { Decision } from '../../src/bridges/matching/route.js';
import type { Retry, Verdict } from '../../src/bridges/engine/verdict.js';
import { requestIdOf } from '../../src/bridges/engine/request-id.js';
import { Inbox } from '../../src/workflows/inbox.js';
import type { Event, InboxState, Skipped } from '../../src/workflows/index.js';
import { FakeHoldingStore } from './fake-holding-store.js';
import { aRecord } from './records.js';

export interface Entry {
  readonly key: number;
  readonly kind: 'start' | 'signal' | 'signalWithStart' | 'ignore' | 'run';
  readonly bad: 'no' | 'undecodable' | 'refused';
  /** Offsets skipped before this one, as compaction and transaction markers leave them. */
  readonly gap: number;
  /**
   * Which of a few facts it tells of, whose ids are their producer's: `key` and `kind` are then the
   * fact's, and other records may tell of it again. Absent: a fact of its own.
   */
  readonly fact: number | undefined;
}

export interface Policy {
  readonly park: boolean;
  readonly whenMissing: 'ignore' | 'dead-letter' | 'park';
  readonly whenClosed: 'leave-closed' | 'start-again';
  /** Of a signal. */
  readonly whenOver: 'leave-closed' | 'dead-letter' | 'park';
}

interface Placed extends Entry {
  readonly record: KafkaRecord;
  readonly place: string;
  readonly event: Event;
}

interface Pending {
  readonly request: Request;
  readonly answer: (verdict: Verdict) => void;
}

interface Member {
  readonly engine: Engine;
  partitions: readonly number[];
  readonly calls: Pending[];
  readonly questions: { workflowId: string; answer: (said: Recollection) => void }[];
  readonly asks: { workflowId: string; answer: (said: Seen | Retry) => void }[];
  readonly pendingLetters: { letter: DeadLetter; done: () => void; fail: (error: Error) => void }[];
  readonly naps: (() => void)[];
  readonly paused: Set<number>;
  readonly fetched: Map<number, number>;
}

interface Run {
  inbox: Inbox<Event>;
  closed: boolean;
  /** Of the start and the signals that it got: the server knows a repetition by its id. */
  readonly requestIds: Set<string>;
}

interface Workflow {
  run: Run;
  readonly applied: Event[];
}

const topic = 't';
const group = 'g';
const tight: EngineLimits = {
  request: { events: 4, bytes: 1_000_000 },
  // So that a lane that rests is relieved often.
  window: { records: 8, bytes: 1_000_000, span: 60, heldUp: { full: 0.2, done: 0.2, forMs: 0 } },
  inFlight: { floor: 1, start: 4, ceiling: 4 },
  updates: 2,
  runs: 2,
  singles: 2,
  questions: 1,
};

export class World {
  readonly store = new FakeHoldingStore();
  readonly #policy: Policy;
  readonly #log: readonly (readonly Placed[])[];
  readonly #committed: number[];
  readonly #done: ReadonlySet<number>[];
  readonly #workflows = new Map<string, Workflow>();
  readonly #ran: Event[] = [];
  readonly #published = new Set<string>();
  readonly #ignored = new Set<string>();
  /** What some workflow was told is passed over: it may come later. */
  readonly #passedOver = new Set<string>();
  readonly #zombies: Member[] = [];
  /** The newest run of the workflow when the request was sent. */
  readonly #sentTo = new WeakMap<Request, Run | undefined>();
  /** Requests that reached no answer before their bridge died: they may still arrive. */
  readonly #late: Request[] = [];
  #mended = false;
  /** Why a bridge halted, which none of them should. */
  #halted: string | undefined;
  #clock = 0;
  /** The group: the partitions are shared out among them. */
  readonly #members: Member[];

  constructor(log: readonly (readonly Entry[])[], policy: Policy, bridges: number) {
    this.#policy = policy;
    this.#log = log.map((entries, partition) => place(entries, partition));
    this.#committed = log.map(() => 0);
    this.#done = log.map(() => new Set());
    this.#members = Array.from({ length: Math.min(bridges, log.length) }, (_, member) =>
      this.#join([...log.keys()].filter((partition) => partition % bridges === member)),
    );
  }

  /** One thing happens, chosen by `choice` among what can. */
  async step(choice: number): Promise<void> {
    const zombie = this.#zombies[choice % 7];
    // What a zombie does is answered too: it does not know that it is one.
    const roll = choice % 100;
    const pick = Math.floor(choice / 100);
    const member = choice % 5 === 0 && zombie !== undefined ? zombie : this.#memberAt(pick);
    if (roll < 36) this.#deliver(member, pick);
    else if (roll < 66) this.#answer(member, pick);
    else if (roll < 70) this.#publishDeadLetter(member.pendingLetters, pick);
    else if (roll < 76) member.naps.splice(pick % (member.naps.length || 1), 1)[0]?.();
    else if (roll < 82) this.#commit(pick);
    else if (roll < 85) this.#arriveLate(pick);
    else if (roll < 88) this.#close(pick);
    else if (roll < 92) void this.#tend(member);
    else if (roll < 94) this.#operate(pick);
    else if (roll < 97) this.#rebalance(pick);
    else if (pick % 4 === 0) this.#claimLate(pick);
    else this.#replace(pick);
    await settle();
  }

  /**
   * Everything goes well until nothing is left to do; then the records are mended, what is held is
   * redriven, and everything goes well again.
   */
  async drain(): Promise<void> {
    await this.#calm(() => true);
    this.#mended = true;
    this.#startAll();
    this.#redriveAll();
    await this.#calm(() => this.store.rows.every(({ ended }) => ended !== undefined));
  }

  /** Commits must never pass a record that nothing durable was decided on, and no bridge halts. */
  checkCommits(): void {
    if (this.#halted !== undefined) throw new Error(`halted: ${this.#halted}`);
    const holes = this.#log.flatMap((entries, partition) =>
      entries.filter(
        (entry) =>
          Number(entry.record.offset) < (this.#committed[partition] ?? 0) && !this.#decided(entry),
      ),
    );
    if (holes.length > 0)
      throw new Error(`committed past ${holes.map(({ place }) => place).join()}`);
  }

  /** Records on which nothing durable was ever decided. */
  unsettled(): string[] {
    return this.#log.flat().flatMap((entry) => (this.#decided(entry) ? [] : [entry.place]));
  }

  /** Facts that never came to their workflow, though they were redriven and nobody ignored them. */
  lost(): string[] {
    return this.#log.flat().flatMap((entry) => {
      const { place, kind } = entry;
      if (kind === 'ignore' || this.#ignored.has(place) || this.#isDiscarded(entry)) return [];
      return this.#isApplied(entry) ? [] : [place];
    });
  }

  /** Facts applied twice, or out of the order of their partition without having been held. */
  violations(): string[] {
    const found: string[] = [];
    for (const [workflowId, { applied }] of this.#workflows) {
      const seen = new Set<string>();
      const highest = new Map<string, string>();
      for (const event of applied) {
        const { position } = event;
        const fact = factOf(event);
        // What was held may come later than what passed it, by whichever road; so may what was
        // announced while it was being held, should the hold come too late to count.
        const held =
          this.#passedOver.has(fact) ||
          this.#log.flat().some((entry) => factOf(entry.event) === fact && this.#isHeld(entry));
        if (seen.has(fact)) found.push(`${workflowId}: ${fact} twice`);
        seen.add(fact);
        const last = highest.get(position.source);
        if (!held && last !== undefined && position.at <= last) {
          found.push(`${workflowId}: ${fact} after ${last}`);
        }
        if (!held || last === undefined || position.at > last) {
          highest.set(position.source, position.at);
        }
      }
      if (this.#policy.park) found.push(...this.#overtaken(workflowId, applied));
    }
    return found;
  }

  /** With `park`, events of one key keep their order whatever was held. */
  #overtaken(workflowId: string, applied: readonly Event[]): string[] {
    const { whenMissing, whenOver } = this.#policy;
    if (whenMissing !== 'ignore' || whenOver !== 'leave-closed') return [];
    const highest = new Map<string, number>();
    return applied.flatMap((event) => {
      const entry = this.#log.flat().find(({ place }) => place === placeOf(event));
      const { partition, offset } = entry?.record ?? { partition: -1, offset: '' };
      const key = `${String(partition)} ${String(entry?.key)}`;
      const last = highest.get(key) ?? -1;
      highest.set(key, Math.max(last, Number(offset)));
      return Number(offset) < last ? [`${workflowId}: ${factOf(event)} was overtaken`] : [];
    });
  }

  #isApplied(entry: Placed): boolean {
    const { applied = [] } = this.#workflows.get(workflowOf(entry)) ?? {};
    const fact = factOf(entry.event);
    return (entry.kind === 'run' ? this.#ran : applied).some((event) => factOf(event) === fact);
  }

  #isDiscarded({ record }: Placed): boolean {
    return this.store.rows.some(
      ({ held, ended }) =>
        ended === 'discarded' &&
        held.partition === record.partition &&
        held.offset === record.offset,
    );
  }

  #isHeld({ record }: Placed): boolean {
    return this.store.rows.some(
      ({ held }) => held.partition === record.partition && held.offset === record.offset,
    );
  }

  #decided(entry: Placed): boolean {
    if (entry.kind === 'ignore' && entry.bad !== 'undecodable') return true;
    if (this.#isHeld(entry) || this.#published.has(entry.place)) return true;
    return this.#isApplied(entry) || this.#ignored.has(entry.place);
  }

  #memberAt(pick: number): Member {
    // Not by what else is decided by it, or one of them would always do the same.
    const member = this.#members[(pick >> 4) % this.#members.length];
    if (member === undefined) throw new Error('a group without members');
    return member;
  }

  #join(partitions: readonly number[]): Member {
    const member: Omit<Member, 'engine'> = {
      partitions,
      calls: [],
      questions: [],
      asks: [],
      pendingLetters: [],
      naps: [],
      paused: new Set(),
      fetched: this.#positions(),
    };
    const { calls, questions, asks, pendingLetters, naps, paused } = member;
    const ports: EnginePorts = {
      groupId: group,
      store: this.store,
      decide: (record) => [this.#decide(record)],
      dispatch: (request) =>
        new Promise((answer) => {
          if (request.kind === 'start') {
            this.#sentTo.set(request, this.#workflows.get(request.workflowId)?.run);
          }
          calls.push({ request, answer });
        }),
      recall: (workflowId) =>
        new Promise((answer) => {
          questions.push({ workflowId, answer });
        }),
      inboxOf: (workflowId) =>
        new Promise((answer) => {
          asks.push({ workflowId, answer });
        }),
      publishDeadLetter: (letter) =>
        new Promise((done, fail) => {
          pendingLetters.push({ letter, done, fail });
        }),
      pause: (_, partition) => paused.add(partition),
      resume: (_, partition) => paused.delete(partition),
      sleep: () =>
        new Promise((wake) => {
          naps.push(wake);
        }),
      random: () => 0.5,
      now: () => 0,
      clock: () => this.#clock,
      observer: silent,
      // A zombie is not in the group any more.
      lost: () => {
        setImmediate(() => {
          if (this.#members.some((one) => one.engine === engine)) this.#rebalance(1);
        });
      },
      halt: (cause) => {
        this.#halted ??= cause;
      },
    };
    const engine = new Engine(ports, tight);
    engine.assigned(this.#assignments(partitions));
    return { ...member, engine };
  }

  /** Where a member begins to read: what was committed when it joined. */
  #positions(): Map<number, number> {
    return new Map(this.#committed.map((offset, partition) => [partition, offset]));
  }

  #assignments(partitions: readonly number[]) {
    return partitions.map((partition) => {
      const done = this.#done[partition] ?? new Set<number>();
      const restored = { has: (offset: bigint) => done.has(Number(offset)) };
      const from = BigInt(this.#committed[partition] ?? 0);
      return { topic, generation: '0', partition, from, done: restored };
    });
  }

  #decide(record: KafkaRecord): Decision {
    const entry = this.#log[record.partition]?.find((one) => one.record === record);
    if (entry === undefined) throw new Error('a record that is not in the log');
    const route = 'r';
    const { park } = this.#policy;
    if (entry.bad === 'undecodable' && !this.#mended) {
      return { kind: 'reject', route, reason: 'undecodable-json', detail: '', park };
    }
    if (entry.kind === 'ignore') return { kind: 'ignore', route, reason: 'not-concerned' };
    return { kind: 'dispatch', route, command: this.#commandOf(entry), park };
  }

  #commandOf(entry: Placed): Command {
    const { event, kind } = entry;
    const workflowId = workflowOf(entry);
    if (kind === 'run') {
      const key = String(entry.key);
      return { kind, activity: 'a', key, takes: 'list', event, startToCloseMs: 1 };
    }
    if (kind === 'signal') {
      const park = { parkMs: 1_000_000 };
      const { whenMissing: missing, whenOver: over } = this.#policy;
      const whenMissing = missing === 'park' ? park : missing;
      return { kind, workflowId, event, whenMissing, whenClosed: over === 'park' ? park : over };
    }
    const { whenClosed } = this.#policy;
    const about = { workflow: 'w', settings: {}, listing: { attributes: {}, summary: '' } };
    const name = kind === 'start' ? 'start' : 'signalWithStart';
    return { kind: name, workflowId, event, ...about, whenClosed };
  }

  #deliver(member: Member, pick: number): void {
    const { engine, fetched, paused, partitions } = member;
    const partition = partitions[pick % partitions.length];
    if (partition === undefined || paused.has(partition)) return;
    const from = fetched.get(partition) ?? 0;
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

  #answer({ calls, questions, asks }: Member, pick: number): void {
    const retry = { kind: 'retry', scope: 'all', cause: 'away', code: 'unavailable' } as const;
    const [question] = questions.splice(0, 1);
    if (question !== undefined) question.answer(this.#recollect(question.workflowId));
    const [ask] = asks.splice(0, 1);
    if (ask !== undefined) ask.answer(pick % 5 === 0 ? retry : this.#look(ask.workflowId));
    const [call] = calls.splice(pick % (calls.length || 1), 1);
    if (call === undefined) return;
    const { request, answer } = call;
    switch (pick % 5) {
      case 0: // The server never saw it.
        answer(retry);
        return;
      case 1: // The server did it, the answer got lost.
        this.#apply(request);
        // Or it goes on by itself.
        answer(request.kind === 'run' ? { ...retry, scope: 'lane', begun: true } : retry);
        return;
      case 2: // It is still on its way when the client gives up waiting.
        this.#late.push(request);
        answer({ ...retry, scope: 'lane' });
        return;
      default:
        answer(this.#apply(request));
    }
  }

  #publishDeadLetter(pendingLetters: Member['pendingLetters'], pick: number): void {
    const [pendingLetter] = pendingLetters.splice(pick % (pendingLetters.length || 1), 1);
    if (pendingLetter === undefined) return;
    if (pick % 3 === 0) pendingLetter.fail(new Error('broker away'));
    else this.#acknowledge(pendingLetter);
  }

  #acknowledge({ letter, done }: Member['pendingLetters'][number]): void {
    this.#published.add(idOf(letter.record));
    done();
  }

  /** Sometimes with what is settled above the commit, sometimes its metadata is lost. */
  #commit(pick: number): void {
    const releases = this.#members.flatMap(({ engine }) => engine.releases());
    for (const { window, offset } of releases) {
      const { partition } = window;
      window.committed = offset;
      this.#committed[partition] = Number(offset);
      const runs = window.offsets.runs();
      const done = (this.#log[partition] ?? []).flatMap(({ record }) => {
        const at = BigInt(record.offset);
        const isDone = runs.some(({ first, last }) => at >= first && at <= last);
        return isDone ? [Number(at)] : [];
      });
      this.#done[partition] = new Set(pick % 3 === 0 ? [] : done);
    }
  }

  #arriveLate(pick: number): void {
    const [request] = this.#late.splice(pick % (this.#late.length || 1), 1);
    if (request !== undefined) this.#apply(request);
  }

  async #tend({ engine }: Member): Promise<void> {
    this.#clock += 10_000;
    await engine.tend();
  }

  /** Somebody redrives or discards a dead letter. */
  #operate(pick: number): void {
    const dead = this.store.rows.filter(({ held, ended }) => !ended && held.state === 'dead');
    const row = dead[pick % (dead.length || 1)];
    if (row === undefined) return;
    if (pick % 4 === 0) void this.store.discard((held) => held === row.held);
    else row.held = { ...row.held, state: 'redriving' };
  }

  /** Somebody starts every workflow that does not run, with what its last run had seen. */
  #startAll(): void {
    for (const entry of this.#log.flat()) {
      const known = this.#workflows.get(workflowOf(entry));
      if (known === undefined) {
        const run = { inbox: new Inbox<Event>(), closed: false, requestIds: new Set<string>() };
        this.#workflows.set(workflowOf(entry), { run, applied: [] });
      } else if (known.run.closed) {
        const inbox = new Inbox<Event>(known.run.inbox.state());
        known.run = { inbox, closed: false, requestIds: new Set() };
      }
    }
  }

  #redriveAll(): void {
    for (const row of this.store.rows) {
      if (row.ended === undefined && row.held.state === 'dead') {
        row.held = { ...row.held, state: 'redriving' };
      }
    }
  }

  /** A workflow ends. */
  #close(pick: number): void {
    const all = [...this.#workflows.values()];
    const workflow = all[pick % (all.length || 1)];
    if (workflow !== undefined && pick % 2 === 0) workflow.run.closed = true;
  }

  /** What was not committed is read again: by the same bridges, or they have changed partitions. */
  #rebalance(pick: number): void {
    if (pick % 3 === 0) {
      const shares = this.#members.map(({ partitions }) => partitions);
      for (const [index, member] of this.#members.entries()) {
        member.partitions = shares[(index + 1) % shares.length] ?? [];
      }
    }
    for (const { engine, fetched, paused, partitions } of this.#members) {
      engine.assigned(this.#assignments(partitions));
      for (const [partition, offset] of this.#positions()) fetched.set(partition, offset);
      paused.clear();
    }
  }

  /** What some bridge had sent before it lost the partition fences whoever has it by now. */
  #claimLate(pick: number): void {
    void this.store.claim(group, this.#assignments([pick % this.#log.length]));
  }

  /** A new bridge takes over; the old one is dead, or does not know that it should be. */
  #replace(pick: number): void {
    const old = this.#memberAt(pick);
    if (pick % 2 === 0) this.#zombies.unshift({ ...old });
    else {
      old.engine.stop();
      this.#late.push(...old.calls.map(({ request }) => request));
    }
    this.#members[this.#members.indexOf(old)] = this.#join(old.partitions);
  }

  async #calm(isOver: () => boolean): Promise<void> {
    for (const { engine } of this.#zombies.splice(0)) engine.stop();
    for (let turn = 0; turn < 5_000; turn += 1) {
      for (const member of this.#members) await this.#serve(member);
      if (this.#mended) this.#redriveAll();
      this.#commit(1);
      const through = this.#committed.every((offset, partition) => offset >= this.#end(partition));
      if (through && isOver()) return;
    }
    throw new Error('the engine does not come to an end');
  }

  /** Everything that `member` waits for comes. */
  async #serve(member: Member): Promise<void> {
    const { calls, pendingLetters, naps, questions, asks, partitions } = member;
    for (const at of partitions.keys()) this.#deliver(member, at);
    for (const { workflowId, answer } of questions.splice(0)) answer(this.#recollect(workflowId));
    for (const { request, answer } of calls.splice(0)) answer(this.#apply(request));
    for (const pendingLetter of pendingLetters.splice(0)) this.#acknowledge(pendingLetter);
    for (const wake of naps.splice(0)) wake();
    await settle();
    await this.#tend(member);
    for (const { workflowId, answer } of asks.splice(0)) answer(this.#look(workflowId));
  }

  #recollect(workflowId: string): Recollection {
    const workflow = this.#workflows.get(workflowId);
    if (workflow === undefined) return { kind: 'missing' };
    const { inbox, closed } = workflow.run;
    if (!closed) return { kind: 'running' };
    // What it says is JSON.
    return { kind: 'closed', inbox: JSON.parse(JSON.stringify(inbox.state())) as InboxState };
  }

  /** What the inbox of the newest run answers; it is JSON. */
  #look(workflowId: string): Seen {
    const workflow = this.#workflows.get(workflowId);
    if (workflow === undefined) return { kind: 'missing' };
    const inbox = JSON.parse(JSON.stringify(workflow.run.inbox.state())) as InboxState;
    return { kind: 'seen', inbox };
  }

  /** What Temporal and the workflow's inbox do with a request. */
  #apply(request: Request): Verdict {
    const events = 'events' in request ? request.events : [request.event];
    if (!this.#mended && events.some(({ data }) => data === 'refused')) {
      return { kind: 'reject', reason: 'refused-arguments', detail: 'bad' };
    }
    const skipped = 'skipped' in request ? request.skipped : [];
    for (const one of skipped) this.#passedOver.add(factOf(one));
    switch (request.kind) {
      case 'run':
        // An effect recognises its events.
        for (const event of events) {
          const isNew = this.#ran.every((one) => factOf(one) !== factOf(event));
          if (isNew) this.#ran.push(event);
        }
        return { kind: 'ran', outcomes: events.map(() => ({ status: 'done' })) };
      case 'start':
        return this.#applyStart(request);
      case 'signal': {
        const workflow = this.#workflows.get(request.workflowId);
        const requestId = requestIdOf('signal', request.workflowId, events, skipped);
        if (workflow?.run.requestIds.has(requestId) === true) return { kind: 'done' };
        const gone =
          workflow === undefined ? 'missing' : workflow.run.closed ? 'closed' : undefined;
        if (gone === undefined && workflow !== undefined) {
          workflow.run.requestIds.add(requestId);
          take(workflow, request);
        } else if (gone !== undefined) this.#ignore(events, gone);
        return gone === undefined ? { kind: 'done' } : { kind: gone };
      }
      default:
        throw new Error(`the model has no ${request.kind}`);
    }
  }

  #applyStart(request: Request & { kind: 'start' }): Verdict {
    const { workflowId, events, skipped, again, inbox } = request;
    const known = this.#workflows.get(workflowId);
    const requestId = requestIdOf('start', workflowId, events, skipped);
    if (known?.run.requestIds.has(requestId) === true) return { kind: 'done' };
    // It begins a run with what the one before had seen. That it arrives so late that another came in
    // between is a limit; see docs/guarantees.md.
    if (again && this.#sentTo.get(request) !== known?.run) return { kind: 'exists' };
    if (known !== undefined && !(known.run.closed && again)) {
      this.#ignore(events, 'exists');
      return { kind: 'exists' };
    }
    const run = { inbox: new Inbox<Event>(inbox), closed: false, requestIds: new Set([requestId]) };
    const workflow = known ?? { run, applied: [] };
    workflow.run = run;
    this.#workflows.set(workflowId, workflow);
    take(workflow, request);
    return { kind: 'done' };
  }

  /** Of `events` those that may end there, by their routes; the others must come to a run. */
  #ignore(events: readonly Event[], because: 'exists' | 'closed' | 'missing'): void {
    const { whenMissing, whenClosed, whenOver } = this.#policy;
    const ends: Readonly<Record<string, boolean>> = {
      'start exists': true,
      'signal closed': whenOver === 'leave-closed',
      'signal missing': whenMissing === 'ignore',
      'signalWithStart closed': whenClosed === 'leave-closed',
    };
    for (const event of events) {
      const place = placeOf(event);
      const entry = this.#log.flat().find((one) => one.place === place);
      if (ends[`${String(entry?.kind)} ${because}`] === true) this.#ignored.add(place);
    }
  }

  #end(partition: number): number {
    return Number(this.#log[partition]?.at(-1)?.record.offset ?? -1) + 1;
  }
}

/** A run takes what comes, and applies all of it at once. */
function take({ run, applied }: Workflow, request: Request & { kind: 'start' | 'signal' }): void {
  run.inbox.receive(request.events, request.skipped);
  for (let event = run.inbox.poll(); event !== undefined; event = run.inbox.poll()) {
    applied.push(event);
  }
}

function place(entries: readonly Entry[], partition: number): Placed[] {
  let offset = -1;
  return entries.map((entry) => {
    offset += 1 + entry.gap;
    const { fact } = entry;
    const about = fact === undefined ? entry : { ...entry, ...aboutFact(fact) };
    const key = Buffer.from(String(about.key));
    const record = aRecord({ topic, partition, offset: String(offset), key });
    return { ...about, record, place: idOf(record), event: eventOf(about, record) };
  });
}

/** Whatever else differs, a fact is about one workflow. */
function aboutFact(fact: number): Pick<Entry, 'key' | 'kind'> {
  const kinds = ['signal', 'start', 'signalWithStart', 'signal', 'run', 'signalWithStart'] as const;
  return { key: fact >> 1, kind: kinds[fact % kinds.length] ?? 'signal' };
}

/** Two facts of different types share an id. */
function eventOf({ fact, bad }: Entry, record: KafkaRecord): Event {
  const position = {
    source: `kafka:t#0/${String(record.partition)}`,
    at: record.offset.padStart(20, '0'),
  };
  const about = { occurredAt: '2024-01-01T00:00:00.000Z', position, data: bad };
  if (fact === undefined) return { id: idOf(record), type: 'e', ...about };
  const type = fact % 2 === 0 ? 'even' : 'odd';
  return { id: `f${String(fact >> 1)}`, type, ownId: true, ...about };
}

function factOf({ id, type, ownId }: Omit<Skipped, 'position'>): string {
  return ownId === true ? `${id} ${String(type)}` : id;
}

/** As `idOf` names its record. */
function placeOf({ position: { source, at } }: Event): string {
  return `${source.slice(source.indexOf('/') + 1)}:${String(Number(at))}`;
}

function idOf({ partition, offset }: KafkaRecord): string {
  return `${String(partition)}:${offset}`;
}

function workflowOf({ key }: Entry): string {
  // Two keys of Kafka lead to one workflow.
  return `w${String(key >> 1)}`;
}

function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
