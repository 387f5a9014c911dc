/**
 * Whether an inbox would still know what comes late. It remembers a number of holes; of one that it
 * may have given up it would drop the event as a repetition, and a signal has no answer. So it is
 * asked before a dead letter is redriven, or told as redriven would be what never arrived.
 *
 * Nobody waits for the answer: what has to be asked first is tried in a later turn.
 */
import { identityOf, Marks, type Skipped } from '../../workflows/index.js';
import type { Seen, TemporalPort } from './request-executor.js';
import type { HeldNote } from '../holding/held.js';
import type { Observer } from './observer.js';

/** `lost`: it would be dropped, whether it was applied or not. */
export type InboxCheckResult = 'clear' | 'lost' | 'asking';

/** Whether the inbox of a held record may have forgotten it. */
export type CheckInbox = (note: HeldNote) => InboxCheckResult;

/** Workflows that are asked at once. */
const askedAtOnce = 16;

export class InboxCheck {
  readonly #ports: Pick<TemporalPort, 'inboxOf'> & { readonly observer: Observer };
  readonly #wanted = new Set<string>();
  #asking = 0;
  #answers = new Map<string, Known>();

  constructor(ports: Pick<TemporalPort, 'inboxOf'> & { readonly observer: Observer }) {
    this.#ports = ports;
  }

  /** A turn: answers that have come serve it alone, since the next may find the inbox changed. */
  turn(): CheckInbox {
    const answers = this.#answers;
    this.#answers = new Map();
    return (note) => {
      if (!needsCheck(note)) return 'clear';
      const { workflowId } = note.event;
      if (answers.has(workflowId)) {
        return isLost(note.event, answers.get(workflowId)) ? 'lost' : 'clear';
      }
      this.#want(workflowId);
      return 'asking';
    };
  }

  #want(workflowId: string): void {
    this.#wanted.add(workflowId);
    if (this.#asking < askedAtOnce) void this.#ask();
  }

  async #ask(): Promise<void> {
    this.#asking += 1;
    for (const workflowId of this.#wanted) {
      this.#wanted.delete(workflowId);
      const cause = await this.#answer(workflowId).catch((error: unknown) => String(error));
      if (cause === undefined) continue;
      const retry = { scope: 'lane', cause, code: 'inbox-silent' } as const;
      this.#ports.observer.retrying(workflowId, retry, 1);
    }
    this.#asking -= 1;
  }

  /** Resolves with why there is no answer, if there is none: it is asked for again. */
  async #answer(workflowId: string): Promise<string | undefined> {
    const seen = await this.#ports.inboxOf(workflowId);
    if (seen.kind !== 'seen' && seen.kind !== 'missing') {
      return 'cause' in seen ? seen.cause : seen.detail;
    }
    this.#answers.set(workflowId, knownOf(seen));
    return undefined;
  }
}

/** What waits in its workflow's own queue is announced with a start at most, and never too many. */
function needsCheck(note: HeldNote): note is HeldNote & Required<Pick<HeldNote, 'event'>> {
  const { state, queue, event } = note;
  if (event === undefined) return false;
  return state === 'redriving' || (state === 'behind' && queue !== event.workflowId);
}

/** What an inbox has passed, and the updates that it refused. Undefined: there is none. */
type Known = { readonly marks: Marks; readonly refused: ReadonlySet<string> } | undefined;

function knownOf(seen: Seen): Known {
  if (seen.kind === 'missing' || seen.inbox === undefined) return undefined;
  const { answers } = seen.inbox;
  const refused = answers.filter(({ refusal }) => refusal !== undefined).map(({ id }) => id);
  return { marks: new Marks(seen.inbox), refused: new Set(refused) };
}

/** What was refused is known, wherever the mark is: its workflow is asked anew. */
function isLost(event: Skipped, known: Known): boolean {
  if (known === undefined || known.refused.has(identityOf(event))) return false;
  return known.marks.mayHaveLost(event);
}
