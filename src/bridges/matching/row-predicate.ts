/** Predicates about the fields of a row, in the words of change data. Pure; P1 and P2 as there. */
import { isDeepStrictEqual } from 'node:util';
import type { Change } from './envelope.js';
import { type ByteTest, holdsOneOf, spells } from './prefilter.js';
import { answer, inWords, listOf, type Match, type OneOrMore, operation } from './predicate.js';
import type { Predicate, Scalar } from './predicate.js';

type ValueOf<T> = unknown extends T ? Scalar : Extract<T, Scalar>;
type Field<R> = keyof R & string;
type AnyRow = Readonly<Record<string, unknown>>;

/**
 * The update that changed `field`: from one of `from` (or anything) to one of `to` (or anything).
 * An update that leaves the field as it was is no match, whatever its value.
 */
export function changed<R extends object = AnyRow, F extends Field<R> = Field<R>>(
  field: F,
  from?: OneOrMore<ValueOf<R[F]>>,
  to?: OneOrMore<ValueOf<R[F]>>,
): Predicate<R> {
  const [old, young] = [listOf(from), listOf(to)];
  return {
    ...silent,
    words:
      old === undefined && young === undefined
        ? `${field} changes`
        : `${field}: ${inWords(old)} → ${inWords(young)}`,
    test: (change) => {
      if (change?.op !== 'u' || !holdsIn(change.after, field, young)) return 'no';
      return changedFrom(change, field, old);
    },
    mayMatch: holding(field, young),
  };
}

/**
 * The insert or update after which `field` is one of `to` and before which it was not. A snapshot
 * read, where it is asked for, counts as an insert.
 */
export function becomes<R extends object = AnyRow, F extends Field<R> = Field<R>>(
  field: F,
  to: OneOrMore<ValueOf<R[F]>>,
): Predicate<R> {
  const young = listOf(to);
  return {
    ...silent,
    words: `${field} → ${inWords(young)}`,
    test: (change) => {
      if (change === undefined || !holdsIn(change.after, field, young)) return 'no';
      const { op, before } = change;
      if (op === 'c' || op === 'r') return 'yes';
      if (op !== 'u') return 'no';
      if (before == null || !(field in before)) return 'missing-before';
      return answer(!holdsIn(before, field, young));
    },
    mayMatch: holding(field, young),
  };
}

/** The row's `field` is one of `values`; a deleted row's was. */
export function is<R extends object = AnyRow, F extends Field<R> = Field<R>>(
  field: F,
  values: OneOrMore<ValueOf<R[F]>>,
): Predicate<R> {
  const list = listOf(values);
  const mayHold = holding(field, list);
  const mayBeDelete = operation('delete').mayMatch;
  const test = ofRow((row) => holdsIn(row, field, list));
  return {
    ...silent,
    words: `${field} = ${inWords(list)}`,
    test: (change, record) => {
      // Without REPLICA IDENTITY FULL, a deleted row has only the fields of its key.
      const isBare = change?.op === 'd' && change.before != null && !(field in change.before);
      return isBare ? 'missing-before' : test(change, record);
    },
    // A deleted row that did not come has no bytes to look for.
    mayMatch: (value, record) => mayHold(value) || mayBeDelete(value, record),
  };
}

/**
 * The row passes `test`; a deleted row did. The row is as it came, before its schema.
 * `test` must be a function of the row alone; what it throws halts the bridge.
 */
export function where<R extends object = AnyRow>(
  words: string,
  test: (row: { readonly [F in keyof R]?: unknown }) => boolean,
): Predicate<R> {
  // The names are checked, the values are not: they come before any schema.
  return { ...silent, words, test: ofRow((row) => test(row)) };
}

/** The predicates about rows of one kind: a wrong field or value does not compile. */
export interface Verbs<R extends object> {
  readonly changed: <F extends Field<R>>(
    field: F,
    from?: OneOrMore<ValueOf<R[F]>>,
    to?: OneOrMore<ValueOf<R[F]>>,
  ) => Predicate<R>;
  readonly becomes: <F extends Field<R>>(field: F, to: OneOrMore<ValueOf<R[F]>>) => Predicate<R>;
  readonly is: <F extends Field<R>>(field: F, values: OneOrMore<ValueOf<R[F]>>) => Predicate<R>;
  readonly where: typeof where<R>;
}

/** The one value behind every `Verbs<R>`: the types differ, the predicates do not. */
export function verbs<R extends object>(): Verbs<R> {
  return { changed, becomes, is, where };
}

const silent: Pick<Predicate, 'mayMatch' | 'names'> = { mayMatch: () => true, names: [] };

function holdsIn(
  row: AnyRow | null | undefined,
  field: string,
  values: readonly Scalar[] | undefined,
): row is AnyRow {
  if (row == null || !(field in row)) return false;
  return values === undefined || values.some((value) => value === row[field]);
}

/** The part of `changed` that hangs on the row before. */
function changedFrom(
  { before, after }: Change,
  field: string,
  old: readonly Scalar[] | undefined,
): Match {
  // Without REPLICA IDENTITY FULL the row before is missing, or has only the fields of the key.
  if (before == null || !(field in before)) return 'missing-before';
  if (!holdsIn(before, field, old)) return 'no';
  return answer(!isDeepStrictEqual(before[field], after?.[field]));
}

/** Judges the row that the change is about. */
function ofRow(test: (row: AnyRow) => boolean): Predicate['test'] {
  return (change) => {
    const row = change === undefined ? undefined : rowOf(change);
    if (row != null) return answer(test(row));
    return change?.op === 'd' ? 'missing-before' : 'no';
  };
}

/** The row a change is about: after it, or before it where it was deleted. */
export function rowOf({ op, before, after }: Change): AnyRow | null | undefined {
  return op === 'd' ? before : after;
}

/** The bytes that a row must hold in which `field` is one of `values`. */
function holding(field: string, values: readonly Scalar[] | undefined): ByteTest {
  return (values && holdsOneOf(values)) ?? spells(field) ?? (() => true);
}
