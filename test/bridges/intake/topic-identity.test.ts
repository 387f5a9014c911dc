import { expect, test } from 'vitest';
import {
  decodeMetadataResponse,
  encodeMetadataRequest,
} from '../../../src/bridges/intake/topic-identity.js';

test('a request names its topics, by name and without an id', () => {
  const request = encodeMetadataRequest(['ab']);
  const id = '00'.repeat(16);
  expect(request.toString('hex')).toBe(`0002${id}0361620000000000`);
});

test('all topics are asked for with a null list', () => {
  expect(encodeMetadataRequest('all').toString('hex')).toBe('000000000000');
});

test('a response tells each topic, its id and its partitions', () => {
  const uuid = '0102030405060708090a0b0c0d0e0f10';
  const partition = `0000000000000000000100000000020000000102000000010100`;
  const topic = `0000027a${uuid}0002${partition}8000000000`;
  const response = `000000000001000000000102${topic}00`;
  expect(decodeMetadataResponse(Buffer.from(response, 'hex'))).toEqual([
    { name: 'z', id: Buffer.from(uuid, 'hex').toString('base64url'), partitions: [0] },
  ]);
});
