/** What the demo gateway has answered, per idempotency key. One JSON line per change. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';

const entry = z.object({
  key: z.string(),
  paymentId: z.string(),
  cardToken: z.string(),
  /** The request as it came; a key belongs to one request. */
  body: z.string(),
  /** How often the key was sent. */
  requests: z.number(),
  answer: z.union([
    z.object({ status: z.literal('succeeded'), chargeId: z.string() }),
    z.object({ status: z.literal('declined'), declineCode: z.string() }),
    z.object({ status: z.literal('abandoned') }),
  ]),
});

export type Entry = z.infer<typeof entry>;

export class Ledger {
  readonly #path: string | undefined;
  readonly #entries = new Map<string, Entry>();

  /** Reads what `path` holds; a last line that was cut off by a crash was never answered. */
  constructor(path?: string) {
    this.#path = path;
    if (path === undefined) return;
    mkdirSync(dirname(path), { recursive: true });
    if (!existsSync(path)) return;
    const text = readFileSync(path, 'utf8');
    if (!text.endsWith('\n') && text !== '') appendFileSync(path, '\n');
    for (const line of text.split('\n')) {
      const known = readLine(line);
      if (known !== undefined) this.#entries.set(known.key, known);
    }
  }

  find(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** As `find`, counting the request. */
  ask(key: string): Entry | undefined {
    const known = this.#entries.get(key);
    return known && this.#keep({ ...known, requests: known.requests + 1 });
  }

  /** Decides a new charge: `decide` gets the declines of this card and payment before it. */
  charge(
    key: string,
    paymentId: string,
    cardToken: string,
    body: string,
    decide: (declinesBefore: number) => string | undefined,
  ): Entry {
    const declines = [...this.#entries.values()].filter(
      (each) =>
        each.paymentId === paymentId &&
        each.cardToken === cardToken &&
        each.answer.status === 'declined',
    );
    const declineCode = decide(declines.length);
    const answer =
      declineCode === undefined
        ? { status: 'succeeded' as const, chargeId: `ch_${key}` }
        : { status: 'declined' as const, declineCode };
    return this.#keep({ key, paymentId, cardToken, body, requests: 1, answer });
  }

  /** Closes a key that took no money; one that did stays as it is. */
  abandon(key: string): Entry {
    const known = this.#entries.get(key);
    if (known?.answer.status === 'succeeded') return known;
    const blank = { key, paymentId: '', cardToken: '', body: '', requests: 0 };
    return this.#keep({ ...blank, ...known, answer: { status: 'abandoned' } });
  }

  #keep(kept: Entry): Entry {
    // Written before it is answered: an answer is never forgotten.
    if (this.#path !== undefined) appendFileSync(this.#path, `${JSON.stringify(kept)}\n`);
    this.#entries.set(kept.key, kept);
    return kept;
  }
}

function readLine(line: string): Entry | undefined {
  try {
    return entry.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
