/**
 * Which topics there are, and which generation of each: Metadata requests of version 10 (Kafka 2.8
 * and later), which carry the topic's UUID. kafkajs speaks version 6 at most, so the request is our
 * own, over its connection (KIP-516; field by field after MetadataRequest.json and
 * MetadataResponse.json of Apache Kafka).
 */
import type { Broker, Cluster } from 'kafkajs';

export interface Topic {
  readonly name: string;
  /** The topic's UUID; undefined where the broker knows none. */
  readonly id: string | undefined;
  readonly partitions: readonly number[];
}

const metadataKey = 3;
const metadataVersion = 10;
const noId = Buffer.alloc(16);
const forbidden = 29;

/** What kafkajs has beyond its types. */
interface InnerBroker {
  readonly versions: Readonly<Record<number, { maxVersion: number } | undefined>> | null;
  readonly connectionPool: {
    send(protocol: {
      request: {
        apiKey: number;
        apiVersion: number;
        apiName: string;
        encode: () => Promise<{ buf: Buffer; buffer: Buffer }>;
      };
      response: {
        decode: (bytes: Buffer) => Promise<readonly Topic[]>;
        parse: (topics: readonly Topic[]) => Promise<readonly Topic[]>;
      };
    }): Promise<readonly Topic[]>;
  };
}

/**
 * The topics of these names that exist, or all of them that we may see; asked of any broker.
 * @throws KafkaJSError for reasons of the moment; Error where we may not see one of them.
 */
export async function topicsOf(
  cluster: Cluster,
  names: readonly string[] | 'all',
): Promise<Topic[]> {
  const [nodeId] = cluster.getNodeIds();
  if (nodeId === undefined) await cluster.refreshMetadata();
  const broker = await cluster.findBroker({ nodeId: String(nodeId ?? cluster.getNodeIds()[0]) });
  return topicsFrom(broker, names);
}

async function topicsFrom(broker: Broker, names: readonly string[] | 'all'): Promise<Topic[]> {
  const inner = broker as unknown as InnerBroker;
  const version = inner.versions?.[metadataKey] ?? { maxVersion: 0 };
  if (version.maxVersion >= metadataVersion) {
    const buffer = encodeMetadataRequest(names);
    const topics = await inner.connectionPool.send({
      request: {
        apiKey: metadataKey,
        apiVersion: metadataVersion,
        apiName: 'Metadata',
        encode: () => Promise.resolve({ buf: buffer, buffer }),
      },
      response: {
        decode: (bytes) => Promise.resolve(decodeMetadataResponse(bytes)),
        parse: (decoded) => Promise.resolve(decoded),
      },
    });
    return [...topics];
  }
  // Before 2.8. All topics: kafkajs throws for a name that is not there.
  const { topicMetadata } = await broker.metadata([]);
  return topicMetadata
    .filter(({ topic }) => names === 'all' || names.includes(topic))
    .map(({ topic, partitionMetadata }) => ({
      name: topic,
      id: undefined,
      partitions: partitionMetadata.map(({ partitionId }) => partitionId),
    }));
}

/** The request from the end of its header's client id on. */
export function encodeMetadataRequest(names: readonly string[] | 'all'): Buffer {
  const topics =
    names === 'all'
      ? [varint(0)]
      : [
          varint(names.length + 1),
          ...names.flatMap((name) => {
            const text = Buffer.from(name, 'utf8');
            return [noId, varint(text.length + 1), text, noTags];
          }),
        ];
  // Not created by asking; no authorized operations of cluster or topics.
  return Buffer.concat([noTags, ...topics, Buffer.from([0, 0, 0]), noTags]);
}

const noTags = Buffer.from([0]);

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** The topics of a response, from the end of its correlation id on; without those not found. */
export function decodeMetadataResponse(bytes: Buffer): Topic[] {
  const read = new Reader(bytes);
  read.tags();
  read.skip(4); // throttle time
  read.array(() => {
    read.skip(4); // node
    read.text();
    read.skip(4); // port
    read.text(); // rack
    read.tags();
  });
  read.text(); // cluster
  read.skip(4); // controller
  return read.array(() => topicFrom(read)).filter((topic) => topic !== undefined);
}

function topicFrom(read: Reader): Topic | undefined {
  const error = read.int16();
  const name = read.text() ?? '';
  const uuid = read.bytes(16);
  read.skip(1); // internal
  const partitions = read.array(() => {
    read.skip(2); // error
    const partition = read.int32();
    read.skip(8); // leader and its epoch
    for (let list = 0; list < 3; list += 1) read.array(() => read.int32()); // replicas
    read.tags();
    return partition;
  });
  read.skip(4); // authorized operations
  read.tags();
  if (error === forbidden) {
    const type = 'TOPIC_AUTHORIZATION_FAILED';
    throw Object.assign(new Error(`Not authorized to access topic ${name}`), { type });
  }
  // 5: a partition without a leader, which is for the reader of that partition to see.
  if (error !== 0 && error !== 5) return undefined;
  const id = uuid.equals(noId) ? undefined : uuid.toString('base64url');
  return { name, id, partitions };
}

/** Kafka's flexible encoding (KIP-482). */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  skip(length: number): void {
    this.#at += length;
  }

  bytes(length: number): Buffer {
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return bytes;
  }

  int16(): number {
    return this.bytes(2).readInt16BE();
  }

  int32(): number {
    return this.bytes(4).readInt32BE();
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes(1).readUInt8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  text(): string | undefined {
    const length = this.varint();
    return length === 0 ? undefined : this.bytes(length - 1).toString('utf8');
  }

  array<T>(one: () => T): T[] {
    const length = this.varint() - 1;
    return Array.from({ length: Math.max(0, length) }, one);
  }

  tags(): void {
    const count = this.varint();
    for (let tag = 0; tag < count; tag += 1) {
      this.varint();
      this.skip(this.varint());
    }
  }
}
