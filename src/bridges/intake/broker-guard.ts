/** Shell: changes what a cluster's brokers do for kafkajs, where it does what it must not. */
import type { Broker, Cluster } from 'kafkajs';

/** Has `guard` change every broker of `cluster`, once, before kafkajs uses it. */
export function guardBrokers(cluster: Cluster, guard: (broker: Broker) => void): void {
  const guarded = new WeakSet<Broker>();
  const find = cluster.findBroker.bind(cluster);
  // Every broker that kafkajs fetches from or commits to comes from here.
  cluster.findBroker = async (node) => {
    const broker = await find(node);
    if (guarded.has(broker)) return broker;
    guarded.add(broker);
    guard(broker);
    return broker;
  };
}
