import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { PolicySet } from '../domain/policy.ts';
import { loadConfig } from '../platform/config/load.ts';
import { decide } from '../stages/policy/decide.ts';
import { checkRules } from './rules.ts';

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true });
});

/** A gateway's folder with these policies, from which nothing was started. */
function policyOf(files: Readonly<Record<string, object>>): { folder: string; policy: PolicySet } {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-rules-'));
  made.push(folder);
  for (const [name, document] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), JSON.stringify({ version: '1', default: 'allow', ...document }));
  }
  const file = join(folder, 'sallyport.yaml');
  writeFileSync(file, JSON.stringify({ version: '1', data: 'data', policy: Object.keys(files), servers: {} }));
  const loaded = loadConfig({ file, flags: {}, env: {} });
  if (loaded.kind === 'invalid') throw new Error(JSON.stringify(loaded.errors));
  const read = checkRules(loaded.config);
  const policy = read.kind === 'rules' ? read.rules.policies.get('local') : undefined;
  if (policy === undefined) throw new Error(JSON.stringify(read));
  return { folder, policy };
}

const call = {
  server: 's',
  tool: 't',
  arguments: {},
  caller: { id: 'c' },
  session: { id: 'x' },
  now: Date.UTC(2026, 0, 1),
};

describe('the policies of a grant', () => {
  it('are named in rules as they lie to each other, and never by where they lie on this machine', () => {
    const deny = { tools: { t: { action: 'deny' } } };
    const { policy } = policyOf({ 'policies/a.json': {}, 'policies/team/b.json': deny });
    expect(decide(policy, call).rule).toBe('team/b.json#/tools/t/action');
    expect(decide(policyOf({ 'one/a.json': {}, 'two/a.json': deny }).policy, call).rule).toBe(
      'two/a.json#/tools/t/action',
    );
    expect(decide(policyOf({ 'a.json': {}, 'ab.json': deny }).policy, call).rule).toBe('ab.json#/tools/t/action');
  });

  it('are counted by their whole path where a limit is per policy, wherever the gateway was started', () => {
    const { folder, policy } = policyOf({
      'a.json': { all_tools: { limits: [{ max: 1, window: 'day', per: 'policy' }] } },
    });
    expect(decide(policy, call).limits.map(({ scope }) => scope)).toEqual([[`policy=${join(folder, 'a.json')}`]]);
  });
});
