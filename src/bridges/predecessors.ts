/** Shell: tells the broker of members that died on this machine, so that nobody waits for them. */
import type { Admin, Cluster } from 'kafkajs';
import type { Logger } from 'pino';
import { deadMembers, type ProcessIdentity } from './member.js';

/** kafkajs' own, beyond its types. */
interface LeavingBroker {
  leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>;
}

/** Removes dead predecessors from the group. What fails is left to the end of their session. */
export async function dismissPredecessors(
  { admin, cluster, groupId }: { admin: Admin; cluster: Cluster; groupId: string },
  self: ProcessIdentity,
  log: Logger,
): Promise<void> {
  try {
    const { groups } = await admin.describeGroups([groupId]);
    const members = groups.flatMap((group) => group.members);
    for (const { memberId, clientId } of deadMembers(members, self, isAlive)) {
      const broker = await cluster.findGroupCoordinator({ groupId });
      await (broker as unknown as LeavingBroker).leaveGroup({ groupId, memberId });
      log.info({ clientId }, 'a member that died here was taken out of the group');
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.debug({ error: reason }, 'dead members stay until their session ends');
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is there, but another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
