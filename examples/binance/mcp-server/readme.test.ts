import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { allTools } from './tools/index.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const policy = readFileSync(new URL('../policies/desk.yaml', import.meta.url), 'utf8');

it('lists every tool once with its risk, in the order of the server', () => {
  const letter = { read: 'R', change: 'C', destructive: 'D' };
  const rows = [...readme.matchAll(/^\| `(binance_\w+)` \| ([RCD]) \|/gm)].map((row) => [row[1], row[2]]);
  expect(rows).toEqual(allTools.map((tool) => [tool.name, letter[tool.risk]]));
});

it('has a word in the example policy for every tool, and none for a tool that there is not', () => {
  const named = new Set(policy.match(/binance_[a-z0-9_]+/g));
  expect(named).toEqual(new Set(allTools.map((tool) => tool.name)));
});
