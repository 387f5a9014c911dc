/** What a conclusion means for one command. Pure. */
import type { Command, ParkFor } from '../matching/command.js';
import type { Conclusion } from './request-executor.js';
import type { Outcome } from './engine-ports.js';
import type { Aside } from './item.js';

export type Disposition =
  | { readonly kind: 'settled'; readonly as: Outcome['kind']; readonly reason?: string }
  | { readonly kind: 'aside'; readonly aside: Aside }
  | { readonly kind: 'again'; readonly cause: string }
  | { readonly kind: 'halt'; readonly cause: string }
  | { readonly kind: 'given-up' };

const settledAs: Readonly<Record<Command['kind'], Outcome['kind']>> = {
  start: 'started',
  signal: 'signalled',
  signalWithStart: 'signalled',
  update: 'updated',
  cancel: 'cancelled',
  run: 'ran',
};

const appliedBefore: Disposition = { kind: 'settled', as: 'ignored', reason: 'applied-before' };

/** The disposition of `command`, the `index`th of the commands that `conclusion` is about. */
export function dispositionOf(
  command: Command,
  conclusion: Conclusion,
  index: number,
): Disposition {
  switch (conclusion.kind) {
    case 'done':
      return { kind: 'settled', as: settledAs[command.kind] };
    case 'exists':
      return { kind: 'settled', as: 'ignored', reason: 'already-started' };
    case 'applied-before':
      return appliedBefore;
    case 'ran':
      return effectDisposition(conclusion.outcomes[index]);
    case 'closed':
      if (conclusion.had?.[index] === true) return appliedBefore;
      return goneDisposition(command, command.kind === 'run' ? 'dead-letter' : command.whenClosed, {
        reason: 'workflow-closed',
        words: 'is closed',
      });
    case 'missing': {
      const reaches = 'whenMissing' in command;
      return goneDisposition(command, reaches ? command.whenMissing : 'dead-letter', {
        reason: 'workflow-missing',
        words: 'does not exist',
      });
    }
    case 'reject': {
      const { reason, detail } = conclusion;
      return { kind: 'aside', aside: { state: 'dead', reason, detail } };
    }
    case 'halt':
    case 'given-up':
      return conclusion;
  }
}

function effectDisposition(
  outcome: (Conclusion & { kind: 'ran' })['outcomes'][number] | undefined,
): Disposition {
  switch (outcome?.status) {
    case 'done':
      return { kind: 'settled', as: 'ran' };
    case 'retry':
      return { kind: 'again', cause: outcome.reason };
    case 'reject':
      return {
        kind: 'aside',
        aside: { state: 'dead', reason: 'effect-refused', detail: outcome.reason },
      };
    default: {
      // An activity that breaks its contract breaks it for every event.
      const cause = 'an effect answered for fewer events than it was given';
      return { kind: 'halt', cause };
    }
  }
}

function goneDisposition(
  command: Command,
  choice: 'ignore' | 'leave-closed' | 'start-again' | 'dead-letter' | ParkFor,
  { reason, words }: { readonly reason: string; readonly words: string },
): Disposition {
  if (choice === 'ignore' || choice === 'leave-closed') {
    return { kind: 'settled', as: 'ignored', reason };
  }
  const id = command.kind === 'run' ? command.activity : command.workflowId;
  const detail = `workflow ${JSON.stringify(id)} ${words}, for ${command.kind}`;
  if (typeof choice === 'object') {
    return { kind: 'aside', aside: { state: 'waiting', reason, detail, parkMs: choice.parkMs } };
  }
  return { kind: 'aside', aside: { state: 'dead', reason, detail } };
}
