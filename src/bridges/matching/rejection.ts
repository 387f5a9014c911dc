/** Why a record can be dead-lettered: one list, which the README's table is tested against. */

export const rejectionReasons = {
  'undecodable-json': {
    cause: 'The value is not JSON.',
    remedy: 'Mend the producer; the bytes are in the dead letter.',
  },
  'unknown-envelope': {
    cause: 'The value can be read, but is neither a change event nor an application event.',
    remedy: 'Send a form that is known, see [Formats](#formats).',
  },
  'unknown-schema': {
    cause: 'The value names a schema that the registry does not know, or that is no schema.',
    remedy: 'Register the schema, or set `SCHEMA_REGISTRY_URL`; the detail says which.',
  },
  'undecodable-bytes': {
    cause: 'The value does not decode by the schema that it names.',
    remedy: 'Mend the producer; the bytes are in the dead letter.',
  },
  'schema-mismatch': {
    cause: 'The event misses a field or holds a value its schema refuses; the detail names it.',
    remedy: 'Mend the producer, or widen the schema in `src/bridges/events`.',
  },
  'missing-before': {
    cause: 'A change event came without the row before the change, so no transition can be seen.',
    remedy: 'Run `ALTER TABLE … REPLICA IDENTITY FULL` on its table.',
  },
  'payload-too-large': {
    cause: 'Temporal refuses the event for its size.',
    remedy: 'Send a reference in place of the content.',
  },
  'refused-arguments': {
    cause: 'Temporal refuses the request for what is in it, for example an id that is too long.',
    remedy: 'Read the detail; mend the producer or the route.',
  },
  'workflow-missing': {
    cause: 'The route demands a running workflow, and there is none.',
    remedy: 'Start the workflow, or let the route ignore the event or park it.',
  },
  'workflow-closed': {
    cause: 'The route demands a running workflow, and its run is closed.',
    remedy: 'Let the route leave it closed or start it again; or redrive when it runs again.',
  },
  'inbox-forgot': {
    cause:
      'Its workflow does not know any more whether it had this event: more than 256 of one source were passed over, or more updates were answered since than it remembers.',
    remedy: 'See in the workflow whether it was applied; if not, publish it anew. Then discard it.',
  },
  'update-refused': {
    cause: 'The workflow refused the update; the detail has its words.',
    remedy: 'Read the detail; redrive when the workflow can accept it.',
  },
  'effect-refused': {
    cause: 'The activity said that this event cannot take effect; the detail has its words.',
    remedy: 'Read the detail; mend the producer or the activity, then redrive.',
  },
  'head-of-line': {
    cause:
      'It is retried without end, and held up all of its partition, while everything else was done.',
    remedy: 'None: it is tried on out of the way. See its workflow or effect, or discard it.',
  },
} as const satisfies Record<string, { cause: string; remedy: string }>;

export type RejectReason = keyof typeof rejectionReasons;

/** No fault of the record: it is held only to be out of the way. */
export const headOfLine = 'head-of-line' satisfies RejectReason;

/** True for a reason of the catalogue. */
export function isRejectReason(reason: string): reason is RejectReason {
  return reason in rejectionReasons;
}
