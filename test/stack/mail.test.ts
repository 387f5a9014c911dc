import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import nodemailer from 'nodemailer';
import { expect, test } from 'vitest';
import { foldersOf } from '../../src/stack/folders.js';
import { startMail } from '../../src/stack/mail.js';
import { keptPorts } from '../../src/stack/ports.js';

test('a notice that was sent can be read, also after a restart', async () => {
  const root = await mkdtemp(join(tmpdir(), 'headrace-mail-'));
  const folders = foldersOf({ HEADRACE_DATA: root, HEADRACE_CACHE: join(root, 'cache') });
  const ports = await keptPorts(join(root, 'ports.json'));
  const url = `http://127.0.0.1:${String(ports.mail)}`;
  const first = await startMail(folders, ports);
  const mailer = nodemailer.createTransport({ host: '127.0.0.1', port: ports.smtp });
  await mailer.sendMail({
    from: 'shop@headrace.test',
    to: 'ada@example.com',
    subject: 'Your payment <failed>',
    text: 'We will try again.',
    headers: { 'X-Headrace-Key': 'k1' },
  });
  const found = await fetch(`${url}/api/messages?to=ada`).then((answer) => answer.json());
  expect(found).toMatchObject([{ to: 'ada@example.com', key: 'k1', text: 'We will try again.\n' }]);
  await first.stop();

  const second = await startMail(folders, ports);
  const page = await fetch(url).then((answer) => answer.text());
  expect(page).toContain('Your payment &lt;failed&gt;');
  const message = await fetch(`${url}/messages/1`).then((answer) => answer.text());
  expect(message).toContain('We will try again.');
  expect((await fetch(`${url}/messages/2`)).status).toBe(404);
  await second.stop();
});
