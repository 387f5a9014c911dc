/** Temporal is gone for 20 s under load: the bridge waits, and nothing is lost or done twice. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, inject, it } from 'vitest';
import { expectEachOnce, failPayments, recovered } from '../support/load.js';
import { eventually, openSite, type Site } from '../support/site.js';

const outageMs = 20_000;

describe('Temporal outage', () => {
  let site: Site;
  const control = async (what: string): Promise<void> => {
    const answer = await fetch(`${inject('stackControl')}/${what}/temporal`, { method: 'POST' });
    if (!answer.ok) throw new Error(await answer.text());
  };

  beforeAll(async () => {
    site = await openSite(inject('addresses'));
    await Promise.all([site.bridge(), site.worker()]);
  });
  afterAll(() => site.close());

  it('killed for 20 s while 200 events arrive', async () => {
    const publishing = failPayments(site, 200);
    await eventually('the first to be recovered', async () => (await recovered(site)) > 10, 90_000);
    await control('kill');
    // The length of the outage is what is tested; nothing is waited for.
    await sleep(outageMs);
    await control('restart');
    await expectEachOnce(site, await publishing);
  }, 300_000);
});
