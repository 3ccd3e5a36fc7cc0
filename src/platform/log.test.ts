import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLog } from './log.ts';

test('a name that drives a terminal is shown, in the line of its call and in any other', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-log-'));
  const file = join(folder, 'log');
  const { logger } = openLog({ level: 'info', pretty: true, fd: openSync(file, 'w') });
  const name = 'x\u001b[2J\n00:00 permit forged\u202e';
  logger.info({ call: 'r1', server: 'up', tool: name, verdict: 'hidden', rule: '/default' }, 'call');
  logger.warn({ detail: name }, `turned away: ${name}`);
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  rmSync(folder, { recursive: true });
  expect(lines).toHaveLength(2);
  for (const line of lines) {
    expect(line).toContain('x\\u{1B}[2J\\u{A}00:00 permit forged\\u{202E}');
    expect(line).not.toContain('\u001b[2J');
  }
});
