/** A holding store in memory that behaves as the one in Postgres: one contract is run on both. */
import type {
  Claim,
  Held,
  HeldEnd,
  HeldKey,
  HeldNote,
  HeldState,
  HoldingStore,
  PartitionId,
} from '../../src/bridges/holding/held.js';

/** A row, and what became of it. */
export interface FakeRow {
  readonly id: number;
  readonly group: string;
  held: Held;
  nextTryMs: number;
  attempts: number;
  /** The state in which it was held first. */
  readonly began: HeldState;
  firstFailedMs?: number;
  ended: HeldEnd | undefined;
  /** It was discarded, and its workflow was not told. */
  untold: boolean;
}

type Fenced = 'held' | 'fenced';

export class FakeHoldingStore implements HoldingStore {
  /** In the order in which they were held. */
  readonly rows: FakeRow[] = [];
  readonly #byKey = new Map<string, FakeRow>();
  readonly #claims = new Map<string, number>();
  /** By token. */
  readonly #groups = new Map<string, string>();
  #token = 0;
  readonly #clock: () => number;

  constructor(clock: () => number = Date.now) {
    this.#clock = clock;
  }

  claim(group: string, partitions: readonly PartitionId[]): Promise<Claim> {
    this.#token += 1;
    const token = String(this.#token);
    this.#groups.set(token, group);
    const asked = new Set(partitions.map(placeOf));
    for (const place of asked) this.#claims.set(`${group} ${place}`, this.#token);
    const open = this.rows.filter(
      (row) => !row.ended && row.group === group && asked.has(placeOf(row.held)),
    );
    return Promise.resolve({ token, notes: open.map(({ held }) => noteOf(held)) });
  }

  async hold(token: string, held: readonly Held[]): Promise<readonly HeldKey[] | 'fenced'> {
    const over = held.filter((one) => this.#rowOf(token, one)?.ended !== undefined);
    const how = await this.#guarded(token, held, () => {
      for (const one of held) {
        if (this.#rowOf(token, one) !== undefined) continue;
        const group = this.#groupOf(token);
        const more = { group, nextTryMs: -Infinity, attempts: 0, ended: undefined, untold: false };
        const born = one.state === 'behind' ? {} : { firstFailedMs: this.#clock() };
        const row: FakeRow = {
          id: this.rows.length,
          held: one,
          began: one.state,
          ...more,
          ...born,
        };
        this.rows.push(row);
        this.#byKey.set(`${group} ${keyOf(one)}`, row);
      }
    });
    return how === 'fenced' ? how : over;
  }

  due(
    token: string,
    partitions: readonly PartitionId[],
    nowMs: number,
    limit: number,
  ): Promise<readonly Held[] | 'fenced'> {
    if (!partitions.every((one) => this.#holds(token, one))) return Promise.resolve('fenced');
    const open = this.#openOf(token);
    const born = new Map<string, number>();
    const found = open.filter((row) => isDue(row, nowMs, open));
    for (const { id, held } of found) {
      const generation = `${placeOf(held)}#${held.generation}`;
      if (!born.has(generation)) born.set(generation, id);
    }
    const bornAt = ({ held }: FakeRow): number =>
      born.get(`${placeOf(held)}#${held.generation}`) ?? 0;
    found.sort((a, b) => {
      const [one, other] = [a.held, b.held];
      if (one.topic !== other.topic) return one.topic < other.topic ? -1 : 1;
      const byPlace = one.partition - other.partition || bornAt(a) - bornAt(b);
      return byPlace || (isBefore(a, b) ? -1 : 1);
    });
    return Promise.resolve(found.slice(0, limit).map(withFailures));
  }

  open(token: string, partitions: readonly PartitionId[]): Promise<readonly HeldKey[] | 'fenced'> {
    if (!partitions.every((one) => this.#holds(token, one))) return Promise.resolve('fenced');
    return Promise.resolve(this.#openOf(token).map(({ held }) => noteOf(held)));
  }

  discarded(token: string, workflowId: string): Promise<readonly HeldNote[]> {
    const group = this.#groupOf(token);
    const found = this.rows.filter(
      ({ untold, held, group: of }) =>
        untold && of === group && held.event?.workflowId === workflowId && this.#holds(token, held),
    );
    return Promise.resolve(found.map(({ held }) => noteOf(held)));
  }

  told(token: string, keys: readonly HeldKey[]): Promise<void> {
    for (const key of keys) {
      const row = this.#rowOf(token, key);
      if (row !== undefined) row.untold = false;
    }
    return Promise.resolve();
  }

  again(token: string, key: HeldKey, to: Parameters<HoldingStore['again']>[2]): Promise<Fenced> {
    return this.#guarded(token, [key], () => {
      const row = this.#rowOf(token, key);
      if (row === undefined || row.ended) return;
      const { state, reason, detail, nextTryMs = -Infinity, blocks = row.held.blocks } = to;
      row.held = { ...row.held, state, reason, detail, blocks };
      row.nextTryMs = nextTryMs;
      row.attempts += 1;
      row.firstFailedMs ??= this.#clock();
    });
  }

  end(token: string, keys: readonly HeldKey[], how: HeldEnd): Promise<Fenced> {
    return this.#guarded(token, keys, () => {
      for (const key of keys) {
        const row = this.#rowOf(token, key);
        if (row === undefined || (row.ended && row.ended !== 'discarded')) continue;
        row.ended = how;
        row.untold = false;
      }
    });
  }

  /** The operator's redrive: dead letters are to be tried again. */
  redrive(of: (held: Held, group: string) => boolean = () => true): Promise<number> {
    const dead = this.#open('dead').filter(({ held, group }) => of(held, group));
    for (const row of dead) row.held = { ...row.held, state: 'redriving' };
    return Promise.resolve(dead.length);
  }

  /** The operator's discard: nobody waits for them any more. */
  discard(of: (held: Held, group: string) => boolean = () => true): Promise<number> {
    const dead = this.#open('dead').filter(({ held, group }) => of(held, group));
    for (const row of dead) {
      row.ended = 'discarded';
      row.untold = row.held.event !== undefined;
    }
    return Promise.resolve(dead.length);
  }

  #open(state: HeldState): FakeRow[] {
    return this.rows.filter(({ held, ended }) => !ended && held.state === state);
  }

  /** What has not ended of the partitions that `token` holds. */
  #openOf(token: string): FakeRow[] {
    const group = this.#groupOf(token);
    return this.rows.filter(
      (row) => !row.ended && row.group === group && this.#holds(token, row.held),
    );
  }

  #rowOf(token: string, key: HeldKey): FakeRow | undefined {
    return this.#byKey.get(`${this.#groupOf(token)} ${keyOf(key)}`);
  }

  #groupOf(token: string): string {
    return this.#groups.get(token) ?? '';
  }

  #holds(token: string, at: { topic: string; partition: number }): boolean {
    return this.#claims.get(`${this.#groupOf(token)} ${placeOf(at)}`) === Number(token);
  }

  #guarded(
    token: string,
    at: readonly { topic: string; partition: number }[],
    write: () => void,
  ): Promise<Fenced> {
    if (!at.every((one) => this.#holds(token, one))) return Promise.resolve('fenced');
    write();
    return Promise.resolve('held');
  }
}

function noteOf(held: Held): HeldNote {
  const note: HeldNote & { record?: unknown } = { ...held };
  delete note.record;
  return note;
}

/** As it is handed over to be tried. */
function withFailures({ held, began, attempts, firstFailedMs }: FakeRow): Held {
  const times = attempts + (began === 'behind' ? 0 : 1);
  return {
    ...held,
    failed: { times, ...(firstFailedMs === undefined ? {} : { firstMs: firstFailedMs }) },
  };
}

function isDue(row: FakeRow, nowMs: number, open: readonly FakeRow[]): boolean {
  const { state, deadlineMs = Infinity } = row.held;
  if (state === 'redriving' && !row.held.blocks) return true;
  if (state === 'waiting') return Math.min(row.nextTryMs, deadlineMs) <= nowMs;
  if (state === 'dead') return false;
  return !open.some(
    (other) => isBlocking(other) && isSameQueue(other, row) && isBefore(other, row),
  );
}

function isBlocking({ held: { state, blocks } }: FakeRow): boolean {
  return state === 'waiting' || (blocks && state !== 'behind');
}

function isSameQueue({ held: a }: FakeRow, { held: b }: FakeRow): boolean {
  return placeOf(a) === placeOf(b) && a.queue === b.queue;
}

/** Offsets compare within one generation; between two, what was held first is first. */
function isBefore(a: FakeRow, b: FakeRow): boolean {
  const [one, other] = [a.held, b.held];
  if (one.generation !== other.generation) return a.id < b.id;
  const difference = BigInt(one.offset) - BigInt(other.offset);
  return difference < 0n || (difference === 0n && a.id < b.id);
}

function placeOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic}/${String(partition)}`;
}

function keyOf(key: HeldKey): string {
  const { topic, generation, partition, offset, route } = key;
  return JSON.stringify([topic, generation, partition, offset, route]);
}
