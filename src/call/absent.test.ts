import { expect, test } from 'vitest';
import type { PolicySet } from '../domain/policy.ts';
import type { Reply } from '../domain/reply.ts';
import { loadPolicy } from '../rulebook/load.ts';
import type { Link } from '../stages/upstream/link.ts';
import type { Offer } from '../stages/upstream/offers.ts';
import { saysAbsent } from './absent.ts';

const policyOf = (document: object): PolicySet => {
  const text = JSON.stringify({ version: '1', ...document });
  const loaded = loadPolicy([{ file: 'p.yaml', name: 'p.yaml', path: '/p.yaml', text }], { servers: ['up'] });
  if ('errors' in loaded) throw new Error(JSON.stringify(loaded.errors));
  return loaded.policy;
};
const open = policyOf({ default: 'allow' });
const hiding = policyOf({ default: 'allow', prompts: { hide: ['x'] } });
const offer: Offer = { kind: 'prompts', name: 'p' };
const failed = (error: unknown): Reply => ({
  kind: 'replied',
  text: JSON.stringify({ jsonrpc: '2.0', id: 1, error }),
  isError: true,
  status: 200,
});

/** Whether it is taken for absent, and whether the server's lists were looked at. */
async function judge(reply: Reply, policy: PolicySet | undefined, isListed = false): Promise<[boolean, boolean]> {
  let looked = false;
  const link = {
    offers: async (asked: Offer) => {
      looked = true;
      expect(asked).toBe(offer);
      return isListed;
    },
  } as unknown as Link;
  return [await saysAbsent(reply, offer, { link, policy, server: 'up' }), looked];
}

test.each([
  [-32602, true],
  [-32002, true],
  [-32603, false],
  [0, false],
  ['-32602', false],
  [null, false],
  [undefined, false],
])('where nothing can be hidden the code %j says that there is none: %s', async (code, says) => {
  expect(await judge(failed({ code, message: 'm' }), open)).toEqual([says, says]);
  expect(await judge(failed({ code, message: 'm' }), open, true)).toEqual([false, says]);
});

test.each([{ code: -32602 }, { code: 0 }, {}, null, 'text'])(
  'where something is hidden any error does: %j',
  async (error) => {
    for (const policy of [hiding, undefined]) {
      expect(await judge(failed(error), policy)).toEqual([true, true]);
      // What the server lists exists, and its errors are its own.
      expect(await judge(failed(error), policy, true)).toEqual([false, true]);
    }
  },
);

test.each([
  { kind: 'replied', text: '{"jsonrpc":"2.0","id":1,"result":{}}', isError: false, status: 200 },
  { kind: 'replied', text: '{"jsonrpc":"2.0","id":1,"result":{"isError":true}}', isError: true, status: 200 },
  { kind: 'unknown', why: 'silence' },
  { kind: 'not-sent', why: 'it is down' },
  { kind: 'failed', why: 'HTTP 404', status: 404 },
] as const)('no other outcome does: %j', async (reply) => {
  expect(await judge(reply, hiding)).toEqual([false, false]);
});
