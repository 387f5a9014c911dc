import type { Client } from '@temporalio/client';
import { Kafka } from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { type BridgeOptions, BridgeRefused, settingsOf } from '../src/bridge-options.js';
import { shopRoutes } from '../src/bridges/routes.js';

const routes = shopRoutes({ dayMs: 1 });
const least: BridgeOptions = {
  kafka: new Kafka({ brokers: ['nowhere:1'] }),
  client: { options: { namespace: 'payments' } } as unknown as Client,
  routes,
  groupId: 'bridge',
};

describe('the options of a bridge', () => {
  test('four are enough; the namespace is the client’s', () => {
    expect(settingsOf(least)).toMatchObject({
      namespace: 'payments',
      taskQueue: 'headrace',
      deadLetterTopic: 'headrace.dead-letters',
      generation: '0',
    });
  });

  test('an observer that hears one thing is told nothing else', () => {
    const heard: number[] = [];
    const observer = { assigned: (partitions: number) => heard.push(partitions) };
    const settings = settingsOf({ ...least, observer });
    settings.observer.assigned(3);
    settings.observer.stuck('orders', 0, 1);
    expect(heard).toEqual([3]);
  });

  test('all that is wrong is told at once', () => {
    const [route] = routes;
    const bad = { ...least, groupId: '', routes: route === undefined ? [] : [route, route] };
    const refused = (): unknown => settingsOf(bad);
    expect(refused).toThrow(BridgeRefused);
    expect(refused).toThrow(/groupId[\s\S]*"fulfil-confirmed-order" is the name of two/);
    expect(() => settingsOf({ ...least, routes: [] })).toThrow('routes: there are none');
  });
});
