/** Which held records are meant, as it is typed on a command line. Pure. */
import { type Command, InvalidArgumentError } from 'commander';
import type { RecordPlace, Selection } from '../bridges/holding/held-selection.js';
import { type GroupOptions, withGroup } from './held-group.js';
import { parseInstant } from './range.js';

/** The options that `withSelection` adds, as commander hands them over. */
export interface SelectionOptions extends GroupOptions {
  readonly reason?: readonly string[];
  readonly route?: readonly string[];
  readonly topic?: readonly string[];
  readonly key?: string;
  readonly workflow?: string;
  readonly from?: string;
  readonly to?: string;
  readonly offset?: readonly RecordPlace[];
}

/** Adds the options that choose records. */
export function withSelection(command: Command): Command {
  return withGroup(command)
    .option('--reason <reason>', 'only this reason; can be repeated', another)
    .option('--route <route>', 'only this route; can be repeated', another)
    .option('--topic <topic>', 'only this topic; can be repeated', another)
    .option('--key <key>', 'only records with this Kafka key')
    .option('--workflow <id>', 'only what is bound for this workflow id')
    .option('--from <time>', 'set aside at or after this time, ISO with zone', parseInstant)
    .option('--to <time>', 'set aside before this time', parseInstant)
    .option(
      '--offset <place>',
      'only this record: <topic>/<partition>/<offset>; can be repeated',
      anotherPlace,
    );
}

/** The selection in options; the group is not part of it, since there always is one. */
export function selectionOf(options: SelectionOptions): Selection {
  const { reason, route, topic, key, workflow, from, to, offset } = options;
  return {
    ...(reason === undefined ? {} : { reasons: reason }),
    ...(route === undefined ? {} : { routes: route }),
    ...(topic === undefined ? {} : { topics: topic }),
    ...(key === undefined ? {} : { key }),
    ...(workflow === undefined ? {} : { workflowId: workflow }),
    ...(from === undefined ? {} : { fromMs: Date.parse(from) }),
    ...(to === undefined ? {} : { toMs: Date.parse(to) }),
    ...(offset === undefined ? {} : { records: offset }),
  };
}

/** `shop.events/3/41`. @throws InvalidArgumentError, which commander shows. */
export function parsePlace(text: string): RecordPlace {
  const match = /^([\w.-]+)\/(\d{1,9})\/(\d{1,18})$/.exec(text);
  const [, topic, partition, offset] = match ?? [];
  if (topic === undefined || partition === undefined || offset === undefined) {
    throw new InvalidArgumentError('Give <topic>/<partition>/<offset>, like shop.events/3/41.');
  }
  return { topic, partition: Number(partition), offset: String(BigInt(offset)) };
}

/** A number above 0. @throws InvalidArgumentError. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new InvalidArgumentError('Give a whole number above 0.');
  }
  return count;
}

function another(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function anotherPlace(value: string, before: readonly RecordPlace[] = []): readonly RecordPlace[] {
  return [...before, parsePlace(value)];
}
