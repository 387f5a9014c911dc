/**
 * What the routes decide on a record. A route's own code may throw: it would again, however often
 * the record is read, and whoever passed the record over would lose it. So that halts (E3).
 */
import type { EnginePorts } from './engine-ports.js';
import type { KafkaRecord } from '../matching/record.js';
import type { Decision } from '../matching/route.js';
import { decisionFailure } from '../matching/route-failure.js';

/** The decisions on `record`; `undefined` where there are none, and the engine is halted. */
export function decisionsOn(
  ports: Pick<EnginePorts, 'decide' | 'halt'>,
  record: KafkaRecord,
): readonly Decision[] | undefined {
  try {
    return ports.decide(record);
  } catch (error) {
    ports.halt(decisionFailure(record, error));
    return undefined;
  }
}
