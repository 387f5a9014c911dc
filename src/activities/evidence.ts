/**
 * What the events of a range say, reduced as they are read: which workflow ids must have run, and
 * what was stated last of each row of the books. Memory grows with ids and rows, not with records.
 *
 * Events from outside the range are noted too, where the reader's margin brings them: they explain
 * runs and supersede statements, but nothing is expected or judged because of them.
 */
import type { Book, RecordPlace } from '../workflows/index.js';
import type { Expectation } from './expectation.js';

/** An event that expects a run. */
export interface Call {
  readonly workflowId: string;
  readonly route: string;
  readonly eventType: string;
  readonly record: RecordPlace;
  readonly atMs: number;
}

/** What an event says that a row of the books holds. */
export interface Statement {
  readonly book: Book;
  readonly key: string;
  readonly amount: string;
  readonly currency: string;
  readonly eventType: string;
  readonly record: RecordPlace;
  readonly atMs: number;
}

export interface EvidenceRange {
  readonly fromMs: number;
  /** Not included. */
  readonly toMs: number;
}

/** A record without its content: all that evidence keeps of it. */
export interface RecordHead extends RecordPlace {
  /** Milliseconds since the epoch, as Kafka's text. */
  readonly timestamp: string;
}

export class Evidence {
  /** Records of the range; records that any route acts on. */
  records = 0;
  events = 0;
  /** By workflow id, the earliest event of the range that expects a run. */
  readonly calls = new Map<string, Call>();
  /** Workflow ids that any event, of the range or not, expects a run for. */
  readonly explained = new Set<string>();
  readonly #newest = new Map<string, Statement>();
  readonly #range: EvidenceRange;
  readonly #about: ReadonlySet<string> | undefined;

  /** `about` names the only workflow ids and rows (see `rowName`) of interest; absent: all. */
  constructor(range: EvidenceRange, about?: ReadonlySet<string>) {
    this.#range = range;
    this.#about = about;
  }

  /** Notes one record and what the routes make of it. */
  note(head: RecordHead, expectations: readonly Expectation[]): void {
    const atMs = Number(head.timestamp);
    const inRange = this.#inRange(atMs);
    if (inRange) {
      this.records += 1;
      if (expectations.length > 0) this.events += 1;
    }
    const { topic, partition, offset } = head;
    const record = { topic, partition, offset };
    for (const expectation of expectations) {
      this.#noteCall(expectation, record, atMs, inRange);
      const said = statementOf(expectation);
      if (said !== undefined && this.#concerns(rowName(said.book, said.key))) {
        this.#noteStatement({ ...said, record, atMs });
      }
    }
  }

  /** The last statement about each row, where it was made in the range. */
  statements(): Statement[] {
    return [...this.#newest.values()].filter(({ atMs }) => this.#inRange(atMs));
  }

  #noteCall(of: Expectation, record: RecordPlace, atMs: number, inRange: boolean): void {
    const { kind, workflowId, route, eventType } = of;
    if (kind === 'signal' || !this.#concerns(workflowId)) return;
    this.explained.add(workflowId);
    const known = this.calls.get(workflowId);
    if (!inRange || (known !== undefined && known.atMs <= atMs)) return;
    this.calls.set(workflowId, { workflowId, route, eventType, record, atMs });
  }

  #noteStatement(statement: Statement): void {
    const name = rowName(statement.book, statement.key);
    const known = this.#newest.get(name);
    if (known === undefined || isLater(statement, known)) this.#newest.set(name, statement);
  }

  #concerns(name: string): boolean {
    return this.#about === undefined || this.#about.has(name);
  }

  #inRange(atMs: number): boolean {
    return atMs >= this.#range.fromMs && atMs < this.#range.toMs;
  }
}

/** How a row is named where workflow ids and rows meet in one set. */
export function rowName(book: Book, key: string): string {
  return `${book}/${key}`;
}

/** What the event says of the books; `undefined` for events without an amount. */
function statementOf({
  eventType,
  data,
}: Expectation): Pick<Statement, 'book' | 'key' | 'amount' | 'currency' | 'eventType'> | undefined {
  const of = bookOf(eventType);
  if (of === undefined || typeof data !== 'object' || data === null) return undefined;
  const fields = data as Readonly<Record<string, unknown>>;
  const key = fields[of.keyField];
  const { amount, currency } = fields;
  const complete =
    typeof key === 'string' && typeof amount === 'string' && typeof currency === 'string';
  return complete ? { book: of.book, key, amount, currency, eventType } : undefined;
}

function bookOf(eventType: string): { book: Book; keyField: string } | undefined {
  if (eventType === 'order.confirmed') return { book: 'orders', keyField: 'orderId' };
  if (eventType.startsWith('payment.')) return { book: 'payments', keyField: 'paymentId' };
  return undefined;
}

/** Within a partition the log's order counts; across partitions only time can. */
function isLater(a: Statement, b: Statement): boolean {
  if (a.record.topic === b.record.topic && a.record.partition === b.record.partition) {
    return BigInt(a.record.offset) >= BigInt(b.record.offset);
  }
  return a.atMs >= b.atMs;
}
