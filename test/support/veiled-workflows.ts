/** A worker's workflows, where payloads are unreadable to others. */
export { keepDesk } from './desk-workflow.js';
export { runActivity } from '../../src/workflows/authoring.js';
