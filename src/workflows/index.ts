/** The only door into the sandbox: what bridges, worker and commands may know of the workflows. */
export type { Event, Position } from './event.js';
export { eventsSignal, type InboxState } from './inbox.js';
