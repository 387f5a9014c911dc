import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import {
  RegistryRefused,
  RegistryUnavailable,
  SchemaRegistry,
} from '../../../src/bridges/formats/schema-registry.js';

let server: Server | undefined;
afterEach(async () => {
  const closing = server;
  server = undefined;
  closing?.closeAllConnections();
  if (closing !== undefined) await new Promise((resolve) => closing.close(resolve));
});

/** A server that answers paths as told; `asked` collects what came. */
async function serve(answers: Readonly<Record<string, readonly [number, unknown]>>) {
  const asked: { path: string; authorization: string | undefined }[] = [];
  server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push({ path, authorization: request.headers.authorization });
    const [status, body] = answers[path] ?? [404, { error_code: 40403, message: 'not found' }];
    response.statusCode = status;
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${String(port)}`, asked };
}

test('a schema comes with all that it refers to, what is referred to first', async () => {
  const refer = (name: string, version: number) => [{ name, subject: `${name}/value`, version }];
  const { url } = await serve({
    '/api/schemas/ids/7': [
      200,
      { schemaType: 'PROTOBUF', schema: 'top', references: refer('b', 2) },
    ],
    '/api/subjects/b%2Fvalue/versions/2': [200, { schema: 'b', references: refer('c', 1) }],
    '/api/subjects/c%2Fvalue/versions/1': [200, { schema: 'c', references: refer('b', 2) }],
  });
  expect(await new SchemaRegistry({ url: `${url}/api/` }).schema(7)).toEqual({
    type: 'PROTOBUF',
    text: 'top',
    references: [
      { name: 'c', text: 'c' },
      { name: 'b', text: 'b' },
    ],
  });
});

test('without a type it is Avro; credentials are sent, from the settings or the address', async () => {
  const { url, asked } = await serve({ '/schemas/ids/7': [200, { schema: '"string"' }] });
  const registry = new SchemaRegistry({ url, username: 'ada', password: 'a:b' });
  expect(await registry.schema(7)).toEqual({ type: 'AVRO', text: '"string"', references: [] });
  const inside = url.replace('http://', 'http://ada:a%3Ab@');
  await new SchemaRegistry({ url: inside }).schema(7);
  const expected = `Basic ${Buffer.from('ada:a:b').toString('base64')}`;
  expect(asked.map(({ authorization }) => authorization)).toEqual([expected, expected]);
});

test('an id is unknown when the registry says so twice, and when it refers to nothing', async () => {
  const references = [{ name: 'b', subject: 'b', version: 2 }];
  const { url, asked } = await serve({
    '/schemas/ids/8': [200, { schema: 'top', schemaType: 'PROTOBUF', references }],
  });
  const registry = new SchemaRegistry({ url });
  expect(await registry.schema(7)).toEqual({ unknown: 'the registry knows no schema 7' });
  expect(asked).toHaveLength(2);
  expect(await registry.schema(8)).toEqual({
    unknown: 'schema 8 refers to version 2 of b, which is not there',
  });
});

test.each([
  [500, { error_code: 50001, message: 'store' }],
  [429, 'slow down'],
  [503, '<html>'],
])('%i is a reason of the moment', async (status, body) => {
  const { url } = await serve({ '/schemas/ids/7': [status, body] });
  await expect(new SchemaRegistry({ url }).schema(7)).rejects.toThrow(RegistryUnavailable);
});

test('nobody there is a reason of the moment', async () => {
  const { url } = await serve({});
  const closing = server;
  server = undefined;
  await new Promise((resolve) => closing?.close(resolve));
  const asking = new SchemaRegistry({ url, username: 'ada', password: 'hunter2' }).schema(7);
  await expect(asking).rejects.toThrow(RegistryUnavailable);
  await expect(asking).rejects.toThrow(/does not answer/);
});

test.each([
  ['401', 401, { error_code: 40101 }, /SCHEMA_REGISTRY_USERNAME/],
  ['403', 403, '', /SCHEMA_REGISTRY_USERNAME/],
  ['a 404 that is no registry’s', 404, '<html>', /SCHEMA_REGISTRY_URL/],
  ['a page in place of a schema', 200, '<html>', /SCHEMA_REGISTRY_URL/],
])('%s holds for every record', async (_, status, body, remedy) => {
  const { url } = await serve({ '/schemas/ids/7': [status, body] });
  const secret = url.replace('http://', 'http://ada:hunter2@');
  const asking = new SchemaRegistry({ url: secret }).schema(7);
  await expect(asking).rejects.toThrow(RegistryRefused);
  await expect(asking).rejects.toThrow(remedy);
  await expect(asking).rejects.not.toThrow(/hunter2/);
});
