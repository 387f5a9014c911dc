/**
 * Who a member of a consumer group is. The client id names machine and process, so that a bridge
 * that starts where one was killed can tell the broker that the dead one is gone, and need not wait
 * for its session to end. Pure.
 *
 * T1 Only a member of this machine whose process is gone, or that had our own process id before us
 *    (a container that was started again), is a stale member. A mistake costs a live member one
 *    rebalance: it joins again.
 */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
}

export interface Member {
  readonly memberId: string;
  readonly clientId: string;
}

const form = /^headrace@(.+)\/(\d+)$/;

/** The Kafka client id of a process of Headrace. */
export function clientIdOf({ host, pid }: ProcessIdentity): string {
  return `headrace@${host}/${String(pid)}`;
}

/** The members that died here. */
export function staleMembers(
  members: readonly Member[],
  self: ProcessIdentity,
  isAlive: (pid: number) => boolean,
): Member[] {
  return members.filter(({ clientId }) => {
    const [, host, pid] = form.exec(clientId) ?? [];
    if (host !== self.host) return false;
    return Number(pid) === self.pid || !isAlive(Number(pid));
  });
}
