/** Which failure of the world is worth another try. Pure. */
import { ApplicationFailure } from '@temporalio/common';

/**
 * 401, 403 and 404 are about our own credentials and addresses, 409 about a request under the same
 * key that is still under way; 408, 425 and 429 ask for another try. The charge is good.
 */
const ofTheMoment: ReadonlySet<number> = new Set([401, 403, 404, 408, 409, 425, 429]);

/** An answer of the gateway that is no outcome: some may pass, any other will be the same again. */
export function gatewayFailure(status: number, answer: string): ApplicationFailure {
  if (status >= 500 || ofTheMoment.has(status)) return gatewayUncertain(status, answer);
  return ApplicationFailure.nonRetryable(answered(status, answer), 'GatewayRefused');
}

/** An answer that leaves the outcome open, whatever it is: it is to be asked for again. */
export function gatewayUncertain(status: number, answer: string): ApplicationFailure {
  return ApplicationFailure.retryable(answered(status, answer), 'GatewayUnavailable');
}

/** The key was abandoned: it takes no money, however often it is sent. */
export function keyAbandoned(): ApplicationFailure {
  return ApplicationFailure.nonRetryable('gateway: this key was abandoned', 'GatewayRefused');
}

/** The gateway gave no answer. Whether it acted is unknown, which is why charges have keys. */
export function gatewaySilence(cause: unknown): ApplicationFailure {
  return ApplicationFailure.create({
    message: `gateway: no answer: ${wordsOf(cause)}`,
    type: 'GatewayUnavailable',
    ...(cause instanceof Error ? { cause } : {}),
  });
}

/** A mail was not accepted: SMTP's 5xx replies are final, all else may pass. */
export function mailFailure(error: unknown): ApplicationFailure {
  const message = `notice: not accepted: ${wordsOf(error)}`;
  const reply = numberIn(error, 'responseCode');
  // 530 and 535 are about our own credentials: the mail is good.
  const isFinal = reply !== undefined && reply >= 500 && reply !== 530 && reply !== 535;
  if (isFinal) return ApplicationFailure.nonRetryable(message, 'NoticeRefused');
  return ApplicationFailure.retryable(message, 'MailUnavailable');
}

/**
 * The books refused: data that breaks a rule (class 22 and 23) breaks it again the next time. What
 * the work on them said itself stays as it is.
 */
export function booksFailure(error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  const message = `books: ${wordsOf(error)}`;
  if (/^2[23]/.test(stringIn(error, 'code') ?? '')) {
    return ApplicationFailure.nonRetryable(message, 'BooksRefused');
  }
  return ApplicationFailure.retryable(message, 'BooksUnavailable');
}

function answered(status: number, answer: string): string {
  return `gateway: answered ${status} ${JSON.stringify(answer.slice(0, 200))}`;
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // fetch() hides the reason one level down.
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

function numberIn(error: unknown, key: string): number | undefined {
  const value = valueIn(error, key);
  return typeof value === 'number' ? value : undefined;
}

function stringIn(error: unknown, key: string): string | undefined {
  const value = valueIn(error, key);
  return typeof value === 'string' ? value : undefined;
}

function valueIn(error: unknown, key: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, key) : undefined;
}
