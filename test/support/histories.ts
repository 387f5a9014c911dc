/**
 * Histories as files. The SDK's own `historyToJSON` fails where npm installs protobufjs twice
 * ("type must be a Type"), so this writes what protobufjs itself calls an object.
 */
import { temporal } from '@temporalio/proto';

const { History } = temporal.api.history.v1;

type History = temporal.api.history.v1.IHistory;

/** As JSON text: enums by name, bytes as base64, 64-bit integers as strings. */
export function historyText(history: History): string {
  const plain = History.toObject(History.fromObject(history), {
    enums: String,
    bytes: String,
    longs: String,
  });
  return `${JSON.stringify(plain, withoutMachine, 1)}\n`;
}

/** Names of hosts and paths say nothing about a run. */
function withoutMachine(name: string, value: unknown): unknown {
  if (name === 'identity') return 'recorded';
  return name === 'stackTrace' ? '' : value;
}

/** Reads what `historyText` wrote. */
export function historyOf(text: string): History {
  return History.fromObject(JSON.parse(text) as Record<string, unknown>);
}
