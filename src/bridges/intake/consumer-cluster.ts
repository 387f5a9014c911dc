/** Shell: a kafkajs consumer with the connections it works on, and without its faults in reading. */
import {
  type Cluster,
  type Consumer,
  type ConsumerConfig,
  type Kafka,
  PartitionAssigners,
} from 'kafkajs';
import { passOverAborted } from './aborted-transactions.js';

/** The cluster is that of its own connections: no others are needed. */
export interface ClusterConsumer {
  readonly consumer: Consumer;
  readonly cluster: Cluster;
}

/** A consumer that is not connected yet. It reads what was committed, whatever `config` says. */
export function createClusterConsumer(
  kafka: Kafka,
  config: Omit<ConsumerConfig, 'partitionAssigners' | 'readUncommitted'>,
): ClusterConsumer {
  let cluster: Cluster | undefined;
  const consumer = kafka.consumer({
    ...config,
    // The one public place where kafkajs shows its connections.
    partitionAssigners: [
      (given) => {
        ({ cluster } = given);
        return PartitionAssigners.roundRobin(given);
      },
    ],
  });
  if (cluster === undefined) throw new Error('kafka: kafkajs made no use of its assigner');
  passOverAborted(cluster);
  return { consumer, cluster };
}
