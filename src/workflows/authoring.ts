/**
 * `headrace/workflow`: the sandbox's side of the package. Imports nothing but Temporal's own, so
 * that a workflow that uses it can be bundled.
 */
export { type Answer, type AnswerDefinition, defineAnswer } from './answers.js';
export type { Event, Position } from './event.js';
export {
  Inbox,
  inboxQuery,
  type InboxState,
  openInbox,
  type Opening,
  type Renew,
  type RunOptions,
} from './inbox.js';
/** For servers without standalone activities: a worker whose events run effects exports it, too. */
export { runActivity, type RunActivity } from './run-activity.js';
