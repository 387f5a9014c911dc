/**
 * What makes a record an event: which operation, under which key and headers; which transition of
 * which field is in `row-predicate.ts`. Predicates compose, tell themselves in words, and know which
 * bytes must be there if they are to match. Pure.
 *
 * P1 A change without its row before is `missing-before` only where the answer hangs on that row:
 *    never where the rest already says no (or, in an `or`, yes).
 * P2 `mayMatch` answers false only where `test` answers `no` for every reading of these bytes.
 */
import type { Change } from './envelope.js';
import type { KafkaRecord } from './record.js';

/** `missing-before`: it would need the row before the change, which did not come. */
export type Match = 'yes' | 'no' | 'missing-before';

/** A rule about records; about rows with the fields of `R` where it speaks of fields. */
export interface Predicate<R = never> {
  /** For tables and pages. */
  readonly words: string;
  /** `change` is undefined where the record is no row change: then nothing about rows matches. */
  readonly test: (change: Change | undefined, record: KafkaRecord) => Match;
  /** P2; asked of values that are JSON objects without `\u`. */
  readonly mayMatch: (value: Buffer, record: KafkaRecord) => boolean;
  /** The operations it speaks of by name. */
  readonly names: readonly Operation[];
  /** Never there: it makes a predicate about `status` fit only rows that have a `status`. */
  readonly about?: (row: R) => void;
}

const operations = { insert: 'c', update: 'u', delete: 'd', snapshot: 'r', truncate: 't' } as const;

/** What happened to the row, or to the table. */
export type Operation = keyof typeof operations;

export type Scalar = string | number | boolean | null;

export type OneOrMore<T> = T | readonly T[];

/** One of these happened. */
export function operation(...names: readonly [Operation, ...Operation[]]): Predicate<unknown> {
  const codes = names.map((name) => operations[name]);
  // A whole string, unlike other needles: one letter and a quote would be in every record.
  const needles = codes.map((code) => Buffer.from(`"${code}"`));
  return {
    words: names.join(' or '),
    test: (change) => answer(change !== undefined && codes.some((code) => code === change.op)),
    mayMatch: (value) => needles.some((needle) => value.includes(needle)),
    names,
  };
}

/** The record has the header, with one of `values` where they are given. */
export function header(name: string, values?: OneOrMore<string> | RegExp): Predicate<unknown> {
  const { words, accepts } = textRule(values);
  const test = ({ headers }: KafkaRecord): boolean => {
    if (!Object.hasOwn(headers, name)) return false;
    // It may have no value on the wire, whatever the types say: then it is there, and that is all.
    const isOne = (value: Buffer | string | undefined) =>
      value != null && accepts(value.toString());
    return values === undefined || [headers[name]].flat().some(isOne);
  };
  return ofRecord(`header ${name}${words}`, test);
}

/** The record's key, read as text, is one of `values`, or is found by the pattern. */
export function key(values: OneOrMore<string> | RegExp): Predicate<unknown> {
  const { words, accepts } = textRule(values);
  return ofRecord(`key${words}`, (record) => record.key !== null && accepts(record.key.toString()));
}

/** All of them. */
export function and<R>(...all: readonly Predicate<R>[]): Predicate<R> {
  return {
    words: all.map(({ words }) => words).join(' and '),
    test: (change, record) => {
      let match: Match = 'yes';
      for (const one of all) {
        const found = one.test(change, record);
        if (found === 'no') return 'no';
        if (found === 'missing-before') match = found;
      }
      return match;
    },
    mayMatch: (value, record) => all.every((one) => one.mayMatch(value, record)),
    names: all.flatMap(({ names }) => names),
  };
}

/** At least one of them. */
export function or<R>(...some: readonly Predicate<R>[]): Predicate<R> {
  return {
    words: `(${some.map(({ words }) => words).join(' or ')})`,
    test: (change, record) => {
      let match: Match = 'no';
      for (const one of some) {
        const found = one.test(change, record);
        if (found === 'yes') return 'yes';
        if (found === 'missing-before') match = found;
      }
      return match;
    },
    mayMatch: (value, record) => some.some((one) => one.mayMatch(value, record)),
    names: some.flatMap(({ names }) => names),
  };
}

const opposite = { yes: 'no', no: 'yes', 'missing-before': 'missing-before' } as const;

/** Whatever `one` does not match. */
export function not<R>(one: Predicate<R>): Predicate<R> {
  return {
    words: `not (${one.words})`,
    test: (change, record) => opposite[one.test(change, record)],
    // Which bytes are missing says nothing about what must be there.
    mayMatch: () => true,
    names: one.names,
  };
}

export function answer(matches: boolean): Match {
  return matches ? 'yes' : 'no';
}

export function listOf<T extends Scalar>(
  values: OneOrMore<T> | undefined,
): readonly T[] | undefined {
  if (values === undefined) return undefined;
  return Array.isArray(values) ? (values as readonly T[]) : [values as T];
}

export function inWords(values: readonly Scalar[] | undefined): string {
  return values === undefined ? '…' : values.map(String).join(' | ');
}

/** A rule that needs nothing of the value: what it says is known before the value is opened. */
function ofRecord(words: string, test: (record: KafkaRecord) => boolean): Predicate<unknown> {
  return {
    ...{ words, names: [] },
    test: (_, record) => answer(test(record)),
    mayMatch: (_, record) => test(record),
  };
}

function textRule(values: OneOrMore<string> | RegExp | undefined) {
  if (values === undefined) return { words: '', accepts: () => true };
  if (values instanceof RegExp) {
    // Without the flags that make a pattern remember where it stopped.
    const pattern = new RegExp(values.source, values.flags.replaceAll(/[gy]/g, ''));
    return { words: ` ~ ${String(values)}`, accepts: (text: string) => pattern.test(text) };
  }
  const list = listOf(values) ?? [];
  return { words: ` = ${inWords(list)}`, accepts: (text: string) => list.includes(text) };
}
