/** kill -9 of the bridge and of the worker half-way through 500 events: nothing lost, all once. */
import { afterAll, beforeAll, describe, inject, it } from 'vitest';
import { expectEachOnce, failPayments, recovered } from '../support/load.js';
import { eventually, openSite, type Site } from '../support/site.js';

describe('no loss on crash', () => {
  let site: Site;

  beforeAll(async () => {
    site = await openSite(inject('addresses'));
  });
  afterAll(() => site.close());

  it('500 events, bridge and worker killed half-way and started again', async () => {
    const [bridge, worker] = await Promise.all([site.bridge(), site.worker()]);
    const publishing = failPayments(site, 500);
    await eventually('a fifth to be recovered', async () => (await recovered(site)) > 100, 120_000);
    await Promise.all([bridge.kill(), worker.kill()]);
    const ids = await publishing;
    await Promise.all([site.bridge(), site.worker()]);
    await expectEachOnce(site, ids);
  }, 400_000);
});
