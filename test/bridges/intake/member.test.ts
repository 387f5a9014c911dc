import { expect, test } from 'vitest';
import { clientIdOf, staleMembers } from '../../../src/bridges/intake/member.js';

const self = { host: 'here', pid: 42 };
const member = (host: string, pid: number) => ({
  memberId: `${host}-${String(pid)}`,
  clientId: clientIdOf({ host, pid }),
});

test('T1: only members of this machine whose process is gone, or had our id, are dead', () => {
  const members = [member('here', 1), member('here', 2), member('there', 1), member('here', 42)];
  const strange = { memberId: 'x', clientId: 'kafkajs' };
  const dead = staleMembers([...members, strange], self, (pid) => pid === 2);
  expect(dead.map(({ memberId }) => memberId)).toEqual(['here-1', 'here-42']);
});
