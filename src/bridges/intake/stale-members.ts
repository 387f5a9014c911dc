/** Shell: tells the broker of members that died on this machine, so that nobody waits for them. */
import { readFileSync } from 'node:fs';
import type { Cluster, Consumer } from 'kafkajs';
import type { Logger } from 'pino';
import { type Member, type ProcessIdentity, staleMembers } from './member.js';

/** kafkajs' own, beyond its types. */
interface LeavingBroker {
  describeGroups(request: {
    groupIds: readonly string[];
  }): Promise<{ groups: readonly { members: readonly Member[] }[] }>;
  leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>;
}

/** The members that consumers of this process are; those that they were before are dead. */
const own = new Map<Consumer, string>();

/** `consumer` is that member from now on, or none any more. */
export function becomeMember(consumer: Consumer, memberId: string | undefined): void {
  if (memberId === undefined) own.delete(consumer);
  else own.set(consumer, memberId);
}

/** Removes stale members from the group. What fails is left to the end of their session. */
export async function removeStaleMembers(
  cluster: Cluster,
  groupId: string,
  self: ProcessIdentity,
  log: Logger,
): Promise<void> {
  try {
    const broker = (await cluster.findGroupCoordinator({ groupId })) as unknown as LeavingBroker;
    const { groups } = await broker.describeGroups({ groupIds: [groupId] });
    const members = groups.flatMap((group) => group.members);
    const living = new Set(own.values());
    for (const { memberId, clientId } of staleMembers(members, self, isAlive)) {
      if (living.has(memberId)) continue;
      await broker.leaveGroup({ groupId, memberId });
      log.info({ clientId }, 'a member that died here was taken out of the group');
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.debug({ error: reason }, 'stale members stay until their session ends');
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    // It is there, but another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Killed, and nobody has asked for its exit code: it is still listed. */
function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // The name before the state may hold anything, brackets included.
    return stat.slice(stat.lastIndexOf(')')).startsWith(') Z');
  } catch {
    return false;
  }
}
