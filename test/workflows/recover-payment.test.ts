/** Recovery of payments over weeks of skipped time. */
import { type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type CardUpdated,
  eventsSignal,
  type OrderCancelled,
  type PaymentFailed,
  paymentRecoveryId,
  type PaymentSucceeded,
  recoverPayment,
  type RecoveryEvent,
  type RecoveryStatus,
  recoveryStatusQuery,
  resolveRecoveryUpdate,
} from '../../src/workflows/index.js';
import {
  accepted,
  day,
  declined,
  FakeWorld,
  Stream,
  until,
  WorkflowStage,
} from '../support/workflow-world.js';

/** One failed payment and the events about it. */
class Payment {
  readonly paymentId = `pay-${randomUUID()}`;
  readonly id = paymentRecoveryId(this.paymentId);
  readonly #stream = new Stream();

  failed(declineCode: string, cardToken = 'tok_1'): PaymentFailed {
    return this.#stream.event<PaymentFailed>('payment.failed', {
      paymentId: this.paymentId,
      orderId: '1001',
      customerEmail: 'ada@example.com',
      amount: '249.99',
      currency: 'EUR',
      cardToken,
      declineCode,
    });
  }

  succeeded(): PaymentSucceeded {
    const { paymentId } = this;
    const data = { paymentId, orderId: '1001', amount: '249.99', currency: 'EUR' };
    return this.#stream.event<PaymentSucceeded>('payment.succeeded', data);
  }

  newCard(cardToken: string): CardUpdated {
    const { paymentId } = this;
    return this.#stream.event<CardUpdated>('card.updated', { paymentId, cardToken });
  }

  orderCancelled(): OrderCancelled {
    return this.#stream.event<OrderCancelled>('order.cancelled', { orderId: '1001' });
  }
}

describe('recoverPayment', () => {
  let stage: WorkflowStage;

  beforeAll(async () => {
    stage = await WorkflowStage.open();
  });

  afterAll(() => stage.close());

  /** Starts a recovery with its failure, as the bridge does, and lets `play` act on it. */
  async function recover<T>(
    payment: Payment,
    event: RecoveryEvent,
    world: FakeWorld,
    play: (scene: Scene) => Promise<T>,
  ): Promise<T> {
    const { id: workflowId, paymentId } = payment;
    const of = { workflow: recoverPayment, workflowId, input: { paymentId }, world, event };
    return stage.run(of, (handle) =>
      play({
        handle,
        result: () => handle.result(),
        status: () => handle.query(recoveryStatusQuery),
        tell: (...events) => handle.signal(eventsSignal, events),
        pass: (days) => stage.environment.sleep(days * day),
      }),
    );
  }

  const ended = (scene: Scene) => scene.result();

  it.each([
    ['insufficient_funds', [1, 3, 5, 7], 7, 14],
    ['processing_error', [0.01, 0.042, 1, 3], 3, 10],
    ['a_code_nobody_knows', [2, 6], 6, 13],
    ['expired_card', [], 14, 21],
    ['stolen_card', [], 0, 7],
    ['do_not_honor_hard', [], 0, 7],
  ])('%s: charges on days %j, escalates on %i, is written off on %i', async (code, ...expected) => {
    const payment = new Payment();
    const world = new FakeWorld();
    world.charge = () => declined(code);
    const result = await recover(payment, payment.failed(code), world, ended);
    const days = [
      world.days('charge'),
      world.days(`notice ${payment.id}/escalated`)[0],
      world.days('written off')[0],
    ];
    expect(days).toEqual(expected);
    expect(result).toEqual({ outcome: 'written-off', attempts: expected[0].length });
  });

  it('keeps to the pace it was given', async () => {
    const payment = new Payment();
    const world = new FakeWorld();
    world.charge = () => declined('insufficient_funds');
    const { id: workflowId, paymentId } = payment;
    const input = { paymentId, dayMs: day / 10, first: [payment.failed('insufficient_funds')] };
    const of = { workflow: recoverPayment, workflowId, input, world };
    await stage.run(of, (handle) => handle.result());
    expect(world.days('charge')).toEqual([0.1, 0.3, 0.5, 0.7]);
  });

  it('charges each attempt under its own key, tells the customer, and ends when one succeeds', async () => {
    const payment = new Payment();
    const world = new FakeWorld();
    world.charge = (key) => (key.endsWith('/3') ? accepted : declined('insufficient_funds'));
    const result = await recover(payment, payment.failed('insufficient_funds'), world, ended);
    const { id, paymentId } = payment;
    expect(result).toEqual({ outcome: 'recovered', attempts: 3, chargedKey: `${id}/3` });
    expect(world.calls('charge')).toEqual([1, 2, 3].map((n) => `charge ${id}/${n} tok_1`));
    expect(world.calls('paid')).toEqual([`paid ${paymentId}`]);
    expect(world.calls('notice')).toEqual(
      ['failed', 'declined/1', 'declined/2', 'recovered'].map(
        (key) => `notice ${id}/${key} to ada@example.com`,
      ),
    );
  });

  it('follows the newest decline code, without beginning again', async () => {
    const payment = new Payment();
    const world = new FakeWorld();
    const codes = ['insufficient_funds', 'try_again_later', 'lost_card'];
    world.charge = (key) => declined(codes[Number(key.at(-1)) - 1] ?? 'none');
    await recover(payment, payment.failed('processing_error'), world, ended);
    expect(world.days('charge')).toEqual([0.01, 1, 3]);
    expect(world.days(`notice ${payment.id}/escalated`)).toEqual([3]);
  });

  it('a second failure elsewhere changes the reason', async () => {
    const payment = new Payment();
    const world = new FakeWorld();
    await recover(payment, payment.failed('insufficient_funds'), world, async (scene) => {
      await scene.tell(payment.failed('stolen_card'));
      await scene.result();
    });
    expect(world.calls('charge')).toEqual([]);
    expect(world.calls('notice').filter((call) => call.includes('/failed'))).toHaveLength(1);
  });

  it.each([
    ['paid-elsewhere', (payment: Payment) => payment.succeeded()],
    ['order-cancelled', (payment: Payment) => payment.orderCancelled()],
  ] as const)('stops while it waits: %s', async (outcome, event) => {
    const payment = new Payment();
    const world = new FakeWorld();
    world.charge = () => declined('insufficient_funds');
    const result = await recover(
      payment,
      payment.failed('insufficient_funds'),
      world,
      async (scene) => {
        await scene.pass(2);
        await scene.tell(event(payment));
        return scene.result();
      },
    );
    expect(result).toEqual({ outcome, attempts: 1 });
    expect(world.days('charge')).toEqual([1]);
    expect(world.calls('paid')).toEqual([]);
  });

  it('charges a new card at once, also after operators were called', async () => {
    const payment = new Payment();
    const world = new FakeWorld();
    world.charge = (_key, card) => (card === 'tok_3' ? accepted : declined('insufficient_funds'));
    const result = await recover(payment, payment.failed('stolen_card'), world, async (scene) => {
      await scene.pass(4);
      expect(await scene.status()).toMatchObject({ stage: 'escalated', attempts: 0 });
      await scene.tell(payment.newCard('tok_2'));
      await scene.pass(2);
      await scene.tell(payment.newCard('tok_3'));
      return scene.result();
    });
    expect(result).toMatchObject({ outcome: 'recovered', attempts: 3 });
    const cards = world.calls('charge').map((call) => call.slice(-5));
    expect(cards).toEqual(['tok_2', 'tok_2', 'tok_3']);
    expect(world.days('charge').map(Math.round)).toEqual([4, 5, 6]);
  });

  it('never charges a stolen card, whoever sends it again', async () => {
    const payment = new Payment();
    const world = new FakeWorld();
    await recover(payment, payment.failed('stolen_card'), world, async (scene) => {
      await scene.tell(payment.newCard('tok_1'));
      await scene.result();
    });
    expect(world.calls('charge')).toEqual([]);
  });

  it('keeps a new card that comes before the failure', async () => {
    const payment = new Payment();
    const world = new FakeWorld();
    const result = await recover(payment, payment.newCard('tok_9'), world, async (scene) => {
      await scene.tell(payment.failed('expired_card'));
      return scene.result();
    });
    expect(result.outcome).toBe('recovered');
    expect(world.calls('charge')).toEqual([`charge ${payment.id}/1 tok_9`]);
  });

  it('a gateway that is down is asked again under the same key, and only the key counts', async () => {
    const payment = new Payment();
    const world = new FakeWorld();
    let requests = 0;
    world.charge = () => {
      requests += 1;
      if (requests < 4) throw ApplicationFailure.retryable('down', 'GatewayUnavailable');
      return accepted;
    };
    const result = await recover(payment, payment.failed('insufficient_funds'), world, ended);
    expect(result).toMatchObject({ outcome: 'recovered', attempts: 1 });
    expect(new Set(world.calls('charge')).size).toBe(1);
    expect(requests).toBe(4);
  });

  it.each([
    ['abandoned', 'order-cancelled'],
    ['succeeded', 'recovered'],
  ] as const)('an order cancelled during an outage: the key is %s', async (status, outcome) => {
    const payment = new Payment();
    const world = new FakeWorld();
    world.charge = () => {
      throw ApplicationFailure.retryable('down', 'GatewayUnavailable');
    };
    world.abandon = () => ({ status });
    const result = await recover(
      payment,
      payment.failed('insufficient_funds'),
      world,
      async (scene) => {
        await scene.pass(1.1);
        expect(await scene.status()).toMatchObject({ stage: 'charging' });
        await scene.tell(payment.orderCancelled());
        return scene.result();
      },
    );
    expect(result).toMatchObject({ outcome, attempts: 1 });
    expect(world.calls('abandon')).toEqual([`abandon ${payment.id}/1`]);
    const conflicts = world.calls(`notice ${payment.id}/conflict to operators`);
    expect(conflicts).toHaveLength(status === 'succeeded' ? 1 : 0);
  });

  it('is not confused by the echo of its own entry in the books', async () => {
    const payment = new Payment();
    const world = new FakeWorld();
    const handle = stage.environment.client.workflow.getHandle(payment.id);
    world.mark = async () => {
      await handle.signal(eventsSignal, [payment.succeeded()]);
      return { changed: true };
    };
    const result = await recover(payment, payment.failed('insufficient_funds'), world, ended);
    expect(result.outcome).toBe('recovered');
    expect(world.calls(`notice ${payment.id}/conflict`)).toEqual([]);
  });

  it('a request the gateway refuses goes to the operators', async () => {
    const payment = new Payment();
    const world = new FakeWorld();
    world.charge = () => {
      throw ApplicationFailure.nonRetryable('unknown card', 'GatewayRefused');
    };
    const result = await recover(payment, payment.failed('insufficient_funds'), world, ended);
    expect(result).toEqual({ outcome: 'written-off', attempts: 1 });
    expect(world.days(`notice ${payment.id}/escalated`)).toEqual([1]);
  });

  it('a refused request may be one that took the money before: the gateway is asked', async () => {
    const payment = new Payment();
    const world = new FakeWorld();
    world.charge = () => {
      throw ApplicationFailure.nonRetryable('the key was used', 'GatewayRefused');
    };
    world.abandon = () => ({ status: 'succeeded' });
    const { id } = payment;
    const result = await recover(payment, payment.failed('insufficient_funds'), world, ended);
    expect(result).toEqual({ outcome: 'recovered', attempts: 1, chargedKey: `${id}/1` });
    expect(world.calls('abandon')).toEqual([`abandon ${id}/1`]);
  });

  it('a charge that nobody can settle goes to the operators, and no other follows it', async () => {
    const payment = new Payment();
    const world = new FakeWorld();
    world.charge = () => {
      throw ApplicationFailure.nonRetryable('no', 'GatewayRefused');
    };
    world.abandon = () => {
      throw ApplicationFailure.nonRetryable('no', 'GatewayRefused');
    };
    const result = await recover(
      payment,
      payment.failed('insufficient_funds'),
      world,
      async (scene) => {
        await scene.pass(2);
        expect(await scene.status()).toMatchObject({ stage: 'escalated', attempts: 1 });
        await scene.tell(payment.newCard('tok_2'));
        return scene.result();
      },
    );
    expect(result).toEqual({ outcome: 'written-off', attempts: 1 });
    expect(world.days(`notice ${payment.id}/escalated`)).toEqual([1]);
    expect(world.calls('charge')).toEqual([`charge ${payment.id}/1 tok_1`]);
  });

  it.each([
    ['paid', 'paid-elsewhere'],
    ['order-cancelled', 'order-cancelled'],
  ] as const)('what the books say is not owed is not charged: %s', async (because, outcome) => {
    const payment = new Payment();
    const world = new FakeWorld();
    world.charge = () => ({ status: 'not-owed', because });
    const result = await recover(payment, payment.failed('insufficient_funds'), world, ended);
    expect(result).toEqual({ outcome, attempts: 0 });
    // Had the answer to an earlier try been lost, this would tell.
    expect(world.calls('abandon')).toEqual([`abandon ${payment.id}/1`]);
    expect(world.calls('paid')).toEqual([]);
    expect(world.calls(`notice ${payment.id}/recovered`)).toEqual([]);
  });

  it.each(['paid', 'order-cancelled'] as const)(
    'money that was taken and not owed is told of: %s',
    async (conflict) => {
      const payment = new Payment();
      const world = new FakeWorld();
      world.charge = () => ({ status: 'not-owed', because: conflict });
      world.abandon = () => ({ status: 'succeeded' });
      world.mark = () => ({ changed: false, conflict });
      const result = await recover(payment, payment.failed('insufficient_funds'), world, ended);
      expect(result.outcome).toBe('recovered');
      expect(world.calls(`notice ${payment.id}/conflict to operators`)).toHaveLength(1);
    },
  );

  it('a mail server that is down delays nothing', async () => {
    const payment = new Payment();
    const world = new FakeWorld();
    world.mail = (key) => {
      if (key.endsWith('/failed')) throw ApplicationFailure.retryable('down', 'MailUnavailable');
    };
    await recover(payment, payment.failed('insufficient_funds'), world, ended);
    expect(world.days('charge')).toEqual([1]);
    expect(world.days('paid')).toEqual([1]);
  });

  it.each([
    ['approve', 'paid-elsewhere', ['paid']],
    ['write-off', 'written-off', ['written off']],
  ] as const)('an operator settles it: %s', async (decision, outcome, books) => {
    const payment = new Payment();
    const world = new FakeWorld();
    await recover(payment, payment.failed('stolen_card'), world, async (scene) => {
      const args = [{ decision, by: 'grace', note: 'by phone' }] as const;
      const answer = await scene.handle.executeUpdate(resolveRecoveryUpdate, { args: [...args] });
      expect(answer).toEqual({ outcome, attempts: 0 });
      expect(await scene.result()).toEqual(answer);
    });
    expect([...world.calls('paid'), ...world.calls('written')]).toEqual(
      books.map((what) => `${what} ${payment.paymentId}`),
    );
  });

  it.each([
    [{ decision: 'forget', by: 'grace' }, /"forget" is neither "approve" nor "write-off"/],
    [{ decision: 'approve', by: ' ' }, /say in "by" who decides/],
  ])('refuses the resolution %j', async (resolution, message) => {
    const payment = new Payment();
    const world = new FakeWorld();
    await recover(payment, payment.failed('stolen_card'), world, async (scene) => {
      const args = [resolution as never] as [never];
      const refusal = await scene.handle.executeUpdate(resolveRecoveryUpdate, { args }).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(refusal).toBeInstanceOf(WorkflowUpdateFailedError);
      expect(String((refusal as Error).cause)).toMatch(message);
      expect((await scene.status()).outcome).toBeUndefined();
      await scene.handle.terminate();
    });
  });

  it('continues as new with its progress, what waits and its marks', async () => {
    const payment = new Payment();
    const world = new FakeWorld();
    const { id: workflowId, paymentId } = payment;
    const waiting = payment.newCard('tok_9');
    const progress = {
      cardToken: '',
      declineCode: 'unknown',
      attempts: 2,
      clockMs: 0,
      reachedDay: 0,
      cardIsNew: false,
    };
    const input = { paymentId, progress };
    const of = { workflow: recoverPayment, workflowId, input, world, event: waiting, cached: true };
    const result = await stage.run(of, async (handle) => {
      const { runId: firstRun } = await handle.describe();
      // Repeats fill the history, and change nothing.
      for (let sent = 0; sent < 2_100; sent += 100) {
        await Promise.all(
          Array.from({ length: 100 }, () => handle.signal(eventsSignal, [waiting])),
        );
      }
      await until(async () => (await handle.describe()).runId !== firstRun);
      await handle.signal(eventsSignal, [waiting]);
      await until(async () => (await handle.query(recoveryStatusQuery)).duplicates === 2_101);
      await handle.signal(eventsSignal, [payment.failed('expired_card')]);
      return handle.result();
    });
    expect(result).toEqual({ outcome: 'recovered', attempts: 3, chargedKey: `${workflowId}/3` });
    expect(world.calls('charge')).toEqual([`charge ${workflowId}/3 tok_9`]);
  });

  it('drops an event that comes again', async () => {
    const payment = new Payment();
    const world = new FakeWorld();
    world.charge = () => declined('insufficient_funds');
    await recover(payment, payment.failed('expired_card'), world, async (scene) => {
      const card = payment.newCard('tok_2');
      await scene.tell(card);
      await until(() => world.calls('charge').length === 1);
      await scene.tell(card, card);
      await until(async () => (await scene.status()).duplicates === 2);
      expect(await scene.status()).toMatchObject({ attempts: 1, stage: 'waiting' });
      await scene.handle.terminate();
    });
    expect(world.calls('charge')).toHaveLength(1);
  });

  it('says what comes next, and when', async () => {
    const payment = new Payment();
    const world = new FakeWorld();
    await recover(payment, payment.failed('insufficient_funds'), world, async (scene) => {
      const { startTime } = await scene.handle.describe();
      await until(async () => (await scene.status()).next !== undefined);
      const { next, ...status } = await scene.status();
      expect(status).toEqual({
        stage: 'waiting',
        declineCode: 'insufficient_funds',
        attempts: 0,
        duplicates: 0,
      });
      expect(next?.step).toBe('charge the card');
      const waitDays = (Date.parse(next?.at ?? '') - startTime.getTime()) / day;
      expect(waitDays).toBeCloseTo(1, 3);
      await scene.handle.terminate();
    });
  });
});

interface Scene {
  readonly handle: WorkflowHandle<typeof recoverPayment>;
  result(): ReturnType<typeof recoverPayment>;
  status(): Promise<RecoveryStatus>;
  tell(...events: readonly RecoveryEvent[]): Promise<void>;
  /** Skips days. */
  pass(days: number): Promise<void>;
}
