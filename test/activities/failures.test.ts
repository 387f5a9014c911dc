import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import {
  booksFailure,
  gatewayFailure,
  gatewaySilence,
  mailFailure,
} from '../../src/activities/failures.js';

const withField = (key: string, value: unknown) => Object.assign(new Error('no'), { [key]: value });

describe('failures', () => {
  it.each([
    [400, 'GatewayRefused', true],
    [401, 'GatewayUnavailable', false],
    [403, 'GatewayUnavailable', false],
    [404, 'GatewayUnavailable', false],
    [409, 'GatewayUnavailable', false],
    [422, 'GatewayRefused', true],
    [408, 'GatewayUnavailable', false],
    [429, 'GatewayUnavailable', false],
    [500, 'GatewayUnavailable', false],
    [503, 'GatewayUnavailable', false],
  ])('the gateway answers %i: %s', (status, type, nonRetryable) => {
    expect(gatewayFailure(status, '')).toMatchObject({ type, nonRetryable });
  });

  it('names the reason that fetch hides', () => {
    const error = new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') });
    expect(gatewaySilence(error).message).toBe('gateway: no answer: fetch failed: ECONNREFUSED');
  });

  it.each([
    [550, 'NoticeRefused', true],
    [553, 'NoticeRefused', true],
    [450, 'MailUnavailable', false],
    [535, 'MailUnavailable', false],
    [undefined, 'MailUnavailable', false],
  ])('SMTP replies %j: %s', (reply, type, nonRetryable) => {
    expect(mailFailure(withField('responseCode', reply))).toMatchObject({ type, nonRetryable });
  });

  it.each([
    ['23505', 'BooksRefused', true],
    ['22P02', 'BooksRefused', true],
    ['40001', 'BooksUnavailable', false],
    ['57P01', 'BooksUnavailable', false],
    ['ECONNREFUSED', 'BooksUnavailable', false],
    [undefined, 'BooksUnavailable', false],
  ])('Postgres says %j: %s', (code, type, nonRetryable) => {
    expect(booksFailure(withField('code', code))).toMatchObject({ type, nonRetryable });
  });

  it('leaves alone what the work on the books said itself', () => {
    const refused = ApplicationFailure.nonRetryable('no such order', 'OrderUnknown');
    expect(booksFailure(refused)).toBe(refused);
  });
});
