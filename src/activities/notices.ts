/**
 * Activities: mails to customers and operators.
 *
 * N1 A key is claimed in the same transaction in which its mail is sent: two attempts at once wait
 *    for each other, and only one sends.
 * N2 A crash between the server's acceptance and the commit sends the mail again, under the same
 *    Message-ID, so that mail programs show it once.
 */
import { createHash } from 'node:crypto';
import type { Transporter } from 'nodemailer';
import type { Pool } from 'pg';
import { ApplicationFailure } from '@temporalio/common';
import type { Notice } from '../workflows/index.js';
import { booksFailure, mailFailure } from './failures.js';
import { inTransaction } from '../transaction.js';
import { recordEffect } from './effects.js';

export interface NoticeActivities {
  /** Sends the notice, once per key. `sent` is false when it was sent before. */
  sendNotice(notice: Notice): Promise<{ readonly sent: boolean }>;
}

export interface NoticeDeps {
  readonly pool: Pool;
  readonly mailer: Transporter;
  /** The address that `to: 'operators'` stands for. */
  readonly operators: string;
  readonly from: string;
}

export function createNotices(deps: NoticeDeps): NoticeActivities {
  return { sendNotice: (notice) => sendNotice(deps, notice) };
}

/** The same for every attempt to send the same notice. */
export function messageId(key: string, from: string): string {
  const domain = from.split('@')[1] ?? 'localhost';
  return `<${createHash('sha256').update(key).digest('hex').slice(0, 32)}@${domain}>`;
}

async function sendNotice(deps: NoticeDeps, notice: Notice): Promise<{ sent: boolean }> {
  try {
    return await inTransaction(deps.pool, async (books) => {
      const claim = await books.query(
        'insert into headrace.notices (key) values ($1) on conflict (key) do nothing',
        [notice.key],
      );
      if (claim.rowCount === 0) return { sent: false };
      await deliver(deps, notice);
      await recordEffect(books, 'notice', `notice/${notice.key}`);
      return { sent: true };
    });
  } catch (error) {
    throw error instanceof ApplicationFailure ? error : booksFailure(error);
  }
}

async function deliver(deps: NoticeDeps, { key, to, subject, text }: Notice): Promise<void> {
  try {
    await deps.mailer.sendMail({
      from: deps.from,
      to: to === 'operators' ? deps.operators : to,
      subject,
      text,
      messageId: messageId(key, deps.from),
      headers: { 'X-Headrace-Key': key },
    });
  } catch (error) {
    throw mailFailure(error);
  }
}
