/** A server of gRPC that answers as it is told, and counts what it is asked. */
import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';

/** A call as the server got it: the method's name, and its headers. */
export interface Asked {
  readonly method: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface FakeTemporal {
  readonly address: string;
  /** All calls but those that a connection makes of itself. */
  readonly asked: readonly Asked[];
  close(): Promise<void>;
}

/** A message without any field, as gRPC frames it. */
const nothing = Buffer.alloc(5);

/**
 * `answer` says with which status of gRPC a call is answered, 0 with an empty message; undefined:
 * not at all.
 */
export async function fakeTemporal(
  answer: (method: string, time: number) => number | undefined,
): Promise<FakeTemporal> {
  const asked: Asked[] = [];
  const server = createServer();
  const open = new Set<{ destroy(): void }>();
  server.on('session', (session) => void open.add(session));
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.resume();
    stream.on('error', () => undefined);
    const method = String(headers[':path']).split('/').at(-1) ?? '';
    const isOwn = method === 'GetSystemInfo';
    if (!isOwn) asked.push({ method, headers });
    const code = isOwn ? 0 : answer(method, asked.length);
    if (code === undefined) return;
    const status = { 'grpc-status': String(code), 'grpc-message': 'as it was told' };
    const head = { ':status': 200, 'content-type': 'application/grpc' };
    if (code !== 0) {
      stream.respond({ ...head, ...status }, { endStream: true });
      return;
    }
    stream.on('wantTrailers', () => {
      stream.sendTrailers(status);
    });
    stream.respond(head, { waitForTrailers: true });
    stream.end(nothing);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    ...{ address: `127.0.0.1:${String(port)}`, asked },
    close: async () => {
      for (const session of open) session.destroy();
      await new Promise<void>((closed) => {
        server.close(() => {
          closed();
        });
      });
    },
  };
}
