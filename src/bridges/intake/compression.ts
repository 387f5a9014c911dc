/**
 * Codecs for kafkajs, which itself brings gzip only and whose consumer dies at the first batch of
 * another kind. Headrace reads all of them; what it writes is not compressed.
 */
import { decompress as unzstd } from 'fzstd';
import kafkajs from 'kafkajs';
import { compressFrame, decompressFrame } from 'lz4-napi';
import { compress as snap, uncompress as unsnap } from 'snappy';

const { CompressionCodecs, CompressionTypes } = kafkajs;

interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
  decompress(buffer: Buffer): Promise<Buffer>;
}

/** Java's producers and brokers send snappy in blocks behind this header; others send it bare. */
const xerial = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);

/** The header is followed by two versions of 32 bits each. */
const firstBlock = xerial.length + 8;

const snappy: Codec = {
  compress: ({ buffer }) => snap(buffer),
  decompress: async (buffer) => {
    if (!buffer.subarray(0, xerial.length).equals(xerial)) return asBuffer(await unsnap(buffer));
    const blocks: Buffer[] = [];
    for (let at = firstBlock; at < buffer.length;) {
      const size = buffer.readInt32BE(at);
      const block = buffer.subarray(at + 4, at + 4 + size);
      if (size <= 0 || block.length < size) throw new Error('compression: a snappy block is cut');
      blocks.push(asBuffer(await unsnap(block)));
      at += 4 + size;
    }
    return Buffer.concat(blocks);
  },
};

const lz4: Codec = {
  compress: ({ buffer }) => compressFrame(buffer),
  decompress: (buffer) => decompressFrame(buffer),
};

const zstd: Codec = {
  compress: () => Promise.reject(new Error('compression: zstd is read, not written')),
  decompress: (buffer) => {
    const { buffer: bytes, byteOffset, byteLength } = unzstd(buffer);
    return Promise.resolve(Buffer.from(bytes, byteOffset, byteLength));
  },
};

const codecs = [
  [CompressionTypes.Snappy, snappy],
  [CompressionTypes.LZ4, lz4],
  [CompressionTypes.ZSTD, zstd],
] as const;

/**
 * Makes every kafkajs client of this process read snappy, lz4 and zstd. A codec that somebody has
 * registered before stays. Repeating it is harmless.
 */
export function registerCodecs(): void {
  for (const [type, codec] of codecs) {
    if (!isRegistered(type)) CompressionCodecs[type] = () => codec;
  }
}

/** In place of those that it lacks, kafkajs has some that throw. */
function isRegistered(type: (typeof codecs)[number][0]): boolean {
  try {
    CompressionCodecs[type]();
    return true;
  } catch {
    return false;
  }
}

function asBuffer(content: Buffer | string): Buffer {
  return typeof content === 'string' ? Buffer.from(content) : content;
}
