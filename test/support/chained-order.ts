/** A stand-in for `fulfilOrder` whose chain has two runs: the signal ends the first. */
import { condition, continueAsNew, defineSignal, setHandler } from '@temporalio/workflow';

const continueSignal = defineSignal('continue');

export async function fulfilOrder(last = false): Promise<void> {
  let asked = last;
  setHandler(continueSignal, () => {
    asked = true;
  });
  await condition(() => asked);
  if (!last) await continueAsNew<typeof fulfilOrder>(true);
}
