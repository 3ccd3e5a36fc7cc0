import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { pipeLine } from './pipe-line.ts';

test('a message is one line to a reader that ends lines at more than a line feed, and the same value', async () => {
  const value = { 'a\u2028b': 'x\u2028\u2029y\u0085z', plain: 'é' };
  const input = new PassThrough();
  const lines: string[] = [];
  const reader = createInterface({ input }).on('line', (line) => lines.push(line));
  input.end(pipeLine(JSON.stringify(value)) + pipeLine('{}'));
  await new Promise((resolve) => reader.once('close', resolve));
  expect(lines.map((line) => JSON.parse(line))).toEqual([value, {}]);
  expect(lines[0]).not.toMatch(/\u0085/);
});

test('what needs no escape is left as it is', () => {
  expect(pipeLine('{"a":"é\\n"}')).toBe('{"a":"é\\n"}\n');
});
