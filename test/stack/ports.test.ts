import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keptPorts, portNames, refuseBusyPorts } from '../../src/stack/ports.js';

async function portsFile(): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), 'headrace-ports-')), 'ports.json');
}

test('ports are chosen once, all different, and kept', async () => {
  const file = await portsFile();
  const ports = await keptPorts(file);
  expect(new Set(Object.values(ports)).size).toBe(portNames.length);
  expect(await keptPorts(file)).toEqual(ports);
});

test('a file that a full disk cut short is written anew', async () => {
  const file = await portsFile();
  await writeFile(file, '{"postgres": 4');
  const ports = await keptPorts(file);
  expect(Object.keys(ports)).toEqual([...portNames]);
  expect(await keptPorts(file)).toEqual(ports);
});

test('a busy port is named, with what to do', async () => {
  const file = await portsFile();
  const ports = await keptPorts(file);
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(ports.kafka, '127.0.0.1', resolve));
  const refusal = refuseBusyPorts(ports, ['kafka'], file);
  await expect(refusal).rejects.toThrow(`port ${String(ports.kafka)} (kafka) is taken`);
  await new Promise((resolve) => squatter.close(resolve));
  await expect(refuseBusyPorts(ports, ['kafka'], file)).resolves.toBeUndefined();
});
