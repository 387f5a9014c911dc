import kafkajs from 'kafkajs';
import { compress as snap } from 'snappy';
import { expect, test } from 'vitest';
import { registerCodecs } from '../../../src/bridges/intake/compression.js';

const { CompressionCodecs, CompressionTypes } = kafkajs;
registerCodecs();

const content = Buffer.from('{"status":"confirmed"}'.repeat(5_000));

interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
  decompress(buffer: Buffer): Promise<Buffer>;
}
const codecOf = (type: number) => (CompressionCodecs[type as 2] as () => Codec)();

/** From `zstd`, with and without `--no-content-size`, as producers and brokers may frame it. */
const zstd = {
  sized: 'KLUv/SQXuQAAeyJzdGF0dXMiOiJjb25maXJtZWQifQre8esQ',
  unsized: 'KLUv/QRYuQAAeyJzdGF0dXMiOiJjb25maXJtZWQifQre8esQ',
};

test.each(['Snappy', 'LZ4'] as const)('%s: written and read again', async (name) => {
  const codec = codecOf(CompressionTypes[name]);
  const compressed = await codec.compress({ buffer: content });
  expect(compressed.length).toBeLessThan(content.length / 10);
  expect(await codec.decompress(compressed)).toEqual(content);
});

test('snappy in the blocks of Java’s producers', async () => {
  const head = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
  const blocks: Buffer[] = [head];
  for (let at = 0; at < content.length; at += 32_768) {
    const block = await snap(content.subarray(at, at + 32_768));
    const size = Buffer.alloc(4);
    size.writeInt32BE(block.length);
    blocks.push(size, block);
  }
  const whole = Buffer.concat(blocks);
  const codec = codecOf(CompressionTypes.Snappy);
  expect(await codec.decompress(whole)).toEqual(content);
  await expect(codec.decompress(whole.subarray(0, -3))).rejects.toThrow('is cut');
});

test.each(Object.entries(zstd))('zstd with its content %s', async (_, base64) => {
  const codec = codecOf(CompressionTypes.ZSTD);
  const line = await codec.decompress(Buffer.from(base64, 'base64'));
  expect(line.toString()).toBe('{"status":"confirmed"}\n');
});

test('bytes that are no zstd are an error, not an empty batch', async () => {
  const codec = codecOf(CompressionTypes.ZSTD);
  await expect(
    Promise.resolve().then(() => codec.decompress(Buffer.from('no zstd'))),
  ).rejects.toThrow();
});
