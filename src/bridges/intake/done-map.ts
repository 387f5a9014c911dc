/**
 * What is settled above a committed offset, written into the metadata of the commit, so that a new
 * owner of the partition does not send it again. Pure.
 *
 * M1 Losing the map is harmless: its records are sent again, and the inbox knows them.
 * M2 A map never claims more than was settled: what does not fit is left out from the far end.
 * M3 The topic's generation goes with it. A commit of another generation speaks of offsets of a
 *    topic that was deleted since; metadata that is not ours says nothing.
 *
 * Form: base64 of magic (1 byte), version (1), fingerprint of the generation (8), base (8), then in
 * turn the lengths of a gap and of a run as varints, from the base on.
 */
import { createHash } from 'node:crypto';

/** Settled offsets `first` to `last`, both included. */
export interface Run {
  readonly first: bigint;
  readonly last: bigint;
}

export interface DoneMap {
  /** Ascending, not touching each other. */
  readonly runs: readonly Run[];
  has(offset: bigint): boolean;
}

/** What the metadata of a commit says. */
export interface CommitNote {
  /** True when the commit was made for this generation of the topic. */
  isOf(generation: string): boolean;
  readonly done: DoneMap;
}

/** Brokers refuse more than 4,096 characters (`offset.metadata.max.bytes`) by default. */
export const metadataLength = 4_000;

const magic = 0x48;
const version = 1;
const fingerprintLength = 8;
const headLength = 2 + fingerprintLength + 8;

/** A map of `runs`, which are ascending and do not overlap. */
export function doneMap(runs: readonly Run[]): DoneMap {
  return {
    runs,
    has: (offset) => {
      let low = 0;
      let high = runs.length - 1;
      while (low <= high) {
        const middle = (low + high) >>> 1;
        const run = runs[middle];
        if (run === undefined) return false;
        if (offset < run.first) high = middle - 1;
        else if (offset > run.last) low = middle + 1;
        else return true;
      }
      return false;
    },
  };
}

/**
 * The metadata for a commit of `base`: at most `limit` characters, with as many of `runs` as fit,
 * the nearest first. Runs lie above `base`, ascending.
 */
export function encodeCommit(
  base: bigint,
  runs: readonly Run[],
  generation: string,
  limit = metadataLength,
): string {
  const room = Math.floor(limit / 4) * 3;
  const head = Buffer.alloc(headLength);
  head.writeUInt8(magic, 0);
  head.writeUInt8(version, 1);
  fingerprintOf(generation).copy(head, 2);
  head.writeBigInt64BE(base, 2 + fingerprintLength);
  const bytes: number[] = [];
  let from = base;
  for (const { first, last } of runs) {
    const pair = [...varint(first - from), ...varint(last - first + 1n)];
    if (headLength + bytes.length + pair.length > room) break;
    bytes.push(...pair);
    from = last + 1n;
  }
  return Buffer.concat([head, Buffer.from(bytes)]).toString('base64');
}

/** What `text` says; undefined when it is not ours, of a later version, or damaged. */
export function decodeCommit(text: string | null | undefined): CommitNote | undefined {
  if (text == null || !/^[A-Za-z0-9+/]+=*$/.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length < headLength || bytes[0] !== magic || bytes[1] !== version) return undefined;
  const fingerprint = bytes.subarray(2, 2 + fingerprintLength);
  const runs = runsOf(bytes.subarray(headLength), bytes.readBigInt64BE(2 + fingerprintLength));
  if (runs === undefined) return undefined;
  return {
    isOf: (generation) => fingerprintOf(generation).equals(fingerprint),
    done: doneMap(runs),
  };
}

function runsOf(bytes: Buffer, base: bigint): Run[] | undefined {
  const lengths: bigint[] = [];
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if ((byte & 0x80) !== 0) continue;
    lengths.push(value);
    value = 0n;
    shift = 0n;
  }
  if (shift !== 0n || lengths.length % 2 !== 0) return undefined;
  const runs: Run[] = [];
  let at = base;
  for (let index = 0; index < lengths.length; index += 2) {
    const first = at + (lengths[index] ?? 0n);
    const length = lengths[index + 1] ?? 0n;
    if (length < 1n) return undefined;
    runs.push({ first, last: first + length - 1n });
    at = first + length;
  }
  return runs;
}

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return [...bytes, Number(rest)];
}

function fingerprintOf(generation: string): Buffer {
  return createHash('sha256').update(generation).digest().subarray(0, fingerprintLength);
}
