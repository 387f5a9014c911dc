/**
 * Shell: one durable activity for events, and what became of each: a standalone activity where the
 * server has them, else a workflow that does nothing but run it.
 *
 * The id of a run for one event is a function of the fact, by which the server recognises a
 * repetition, also one that was published twice. A list has no id that outlasts a crash, since the
 * same events come cut differently: an effect that takes a list recognises its events by their own
 * ids. So the answer of a list is not kept as the last word: what asked for another try, or was
 * refused, would have the same answer for ever.
 *
 * The server repeats an activity that fails until it does not. So a run is waited for some seconds;
 * from then on it is `begun`: only asked how it stands. It must not be begun anew by that, or a
 * failure of the time in between would never be seen.
 */
import { skippedOf } from '../../workflows/index.js';
import type { EffectOutcome } from '../matching/command.js';
import { activityWorkflow } from './activity-workflow.js';
import type { Way } from './effect-run.js';
import { isStatus, judged } from './grpc-failure.js';
import type { RunRequest } from '../engine/request.js';
import { factIdOf, requestIdOf } from '../engine/request-id.js';
import { standaloneActivity } from './standalone-activity.js';
import type { Target } from './target.js';
import type { Retry, Verdict } from '../engine/verdict.js';

/** How long a run that was just begun is waited for. */
const patienceMs = 5_000;
const unimplemented = 12;
/** Servers that have no standalone activities, asked once. */
const withoutActivities = new WeakSet();

/** Runs `request`, or asks what became of it. Throws errors of gRPC. */
export async function runEffect(target: Target, request: RunRequest): Promise<Verdict> {
  const id = `${request.activity}/${effectIdOf(request)}`;
  const isBegun = request.begun === true;
  const way = isBegun ? wayOf(target) : await begin(target, request, id);
  const end = await judged(() => way.end(target, id, isBegun ? 0 : patienceMs), {
    awaitsWorker: true,
  });
  if (end === undefined) return unfinished(request);
  switch (end.kind) {
    case 'result':
      return done(request, end.result);
    case 'refused':
      return { kind: 'reject', reason: 'effect-refused', detail: end.detail };
    case 'retry':
      // The one who waits gave up waiting.
      if (end.scope === 'lane' && !isBegun) return unfinished(request);
      return { ...end, begun: true };
    case 'missing': {
      // Deleted, or past its retention while nobody looked.
      const cause = `the run ${id} is gone: it is begun anew`;
      return { kind: 'retry', scope: 'lane', cause, code: 'effect-gone' };
    }
    default:
      return end;
  }
}

function wayOf({ client }: Target): Way {
  return withoutActivities.has(client.connection) ? activityWorkflow : standaloneActivity;
}

/** Answers with the way it was begun. */
async function begin(target: Target, request: RunRequest, id: string): Promise<Way> {
  const way = wayOf(target);
  try {
    await way.begin(target, request, id);
    return way;
  } catch (error) {
    if (!isStatus(error, unimplemented) || way === activityWorkflow) throw error;
    withoutActivities.add(target.client.connection);
    await activityWorkflow.begin(target, request, id);
    return activityWorkflow;
  }
}

function effectIdOf({ activity, events, takes }: RunRequest): string {
  // Redriven or not, it is the same event.
  const facts = events.map(skippedOf);
  const [only] = facts;
  return takes === 'one' && only !== undefined
    ? factIdOf('run', activity, only)
    : requestIdOf('run', activity, facts);
}

function unfinished({ activity, events }: RunRequest): Retry {
  const [first] = events;
  const cause = `activity ${activity} is not over yet for ${JSON.stringify(first?.id)}`;
  return { kind: 'retry', scope: 'lane', cause, code: 'effect-unfinished', begun: true };
}

function done({ takes, events }: RunRequest, result: unknown): Verdict {
  if (takes === 'one') return { kind: 'done' };
  if (!Array.isArray(result) || result.length !== events.length) {
    const cause = 'a list effect must answer for each of its events, in their order';
    return { kind: 'halt', cause };
  }
  return { kind: 'ran', outcomes: result as readonly EffectOutcome[] };
}
