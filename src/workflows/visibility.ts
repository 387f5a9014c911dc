/** What Temporal's UI shows of a run: by what it is found, and what it is doing in words. */
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { Event } from './event.js';

const orderIdKey = defineSearchAttributeKey('HeadraceOrderId', SearchAttributeType.KEYWORD);
const paymentIdKey = defineSearchAttributeKey('HeadracePaymentId', SearchAttributeType.KEYWORD);
const eventTypeKey = defineSearchAttributeKey('HeadraceEventType', SearchAttributeType.KEYWORD);

interface Subject {
  readonly orderId?: string | undefined;
  readonly paymentId?: string | undefined;
}

/** Records the last event applied, and the ids it names. */
export function updateSearchAttributes(event: Event<string, Subject>): void {
  const { orderId, paymentId } = event.data;
  upsertSearchAttributes([
    { key: eventTypeKey, value: event.type },
    ...(orderId === undefined ? [] : [{ key: orderIdKey, value: orderId }]),
    ...(paymentId === undefined ? [] : [{ key: paymentIdKey, value: paymentId }]),
  ]);
}

/** Says, as Markdown, what is going on; one paragraph per sentence. */
export function describe(title: string, ...sentences: readonly string[]): void {
  setCurrentDetails([`**${title}**`, ...sentences].join('\n\n'));
}

/** A moment as people of any zone read it: `2026-03-29 18:40 UTC`. */
export function moment(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
