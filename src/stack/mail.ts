/** An inbox for everyone: takes any mail by SMTP and shows it on a page. Runs inside the launcher. */
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type FastifyInstance, fastify } from 'fastify';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import type { Folders } from './folders.js';
import { mailPage, messagePage } from './mail-page.js';
import type { Ports } from './ports.js';

export interface Message {
  /** Its place in the inbox, from 1. */
  readonly id: number;
  readonly messageId: string;
  /** The notice's own key; empty for mail that is not Headrace's. */
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** ISO 8601. */
  readonly receivedAt: string;
}

export interface MailPart {
  stop(): Promise<void>;
}

/** Starts both listeners; messages of earlier starts are still there. */
export async function startMail(
  folders: Folders,
  ports: Pick<Ports, 'smtp' | 'mail'>,
): Promise<MailPart> {
  const home = join(folders.data, 'mail');
  await mkdir(home, { recursive: true });
  const file = join(home, 'messages.jsonl');
  const messages = await keptMessages(file);
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    onData: (stream, _session, done) => {
      simpleParser(stream)
        .then(async (mail) => {
          const to = [mail.to ?? []].flat().map(({ text }) => text);
          const message: Omit<Message, 'id'> = {
            messageId: mail.messageId ?? '',
            key: keyOf(mail),
            from: mail.from?.text ?? '',
            to: to.join(', '),
            subject: mail.subject ?? '',
            text: mail.text ?? '',
            receivedAt: new Date().toISOString(),
          };
          await appendFile(file, `${JSON.stringify(message)}\n`);
          messages.push({ ...message, id: messages.length + 1 });
        })
        .then(() => {
          done();
        }, done);
    },
  });
  await new Promise<void>((resolve, reject) => {
    // It stays: a client that breaks off later must not end the launcher.
    smtp.on('error', reject);
    smtp.listen(ports.smtp, '127.0.0.1', resolve);
  });
  const page = pageOf(messages);
  await page.listen({ port: ports.mail, host: '127.0.0.1' });
  const stop = async (): Promise<void> => {
    await page.close();
    await new Promise<void>((resolve) => {
      smtp.close(resolve);
    });
  };
  return { stop };
}

function pageOf(messages: readonly Message[]): FastifyInstance {
  const page = fastify({ forceCloseConnections: true });
  page.get('/', (_, reply) => reply.type('text/html').send(mailPage(messages)));
  page.get<{ Params: { id: string } }>('/messages/:id', (request, reply) => {
    const message = messages[Number(request.params.id) - 1];
    if (message === undefined) return reply.code(404).send({ error: 'no such message' });
    return reply.type('text/html').send(messagePage(message));
  });
  page.get<{ Querystring: { to?: string; subject?: string } }>('/api/messages', (request) => {
    const { to = '', subject = '' } = request.query;
    return messages.filter((one) => one.to.includes(to) && one.subject.includes(subject));
  });
  return page;
}

function keyOf(mail: ParsedMail): string {
  const key = mail.headers.get('x-headrace-key');
  return typeof key === 'string' ? key : '';
}

async function keptMessages(file: string): Promise<Message[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => line !== '');
  // A line that was cut off by a crash was never acknowledged to the sender.
  const whole = lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as Omit<Message, 'id'>];
    } catch {
      return [];
    }
  });
  return whole.map((message, index) => ({ ...message, id: index + 1 }));
}
