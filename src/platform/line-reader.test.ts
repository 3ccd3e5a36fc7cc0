import { expect, test } from 'vitest';
import { LineReader } from './line-reader.ts';

function lines(chunks: readonly string[], bytesMax = 100) {
  const got: string[] = [];
  const reader = new LineReader({
    bytesMax,
    onLine: (line) => got.push(line.toString()),
    onLongLine: (head, tail) => got.push(`long ${head.length} ${tail.subarray(-3).toString()}`),
  });
  for (const chunk of chunks) reader.push(Buffer.from(chunk));
  return got;
}

test('lines come whole, however they were cut', () => {
  expect(lines(['a\nb', 'c\r\n\n', 'd', 'e\n'])).toEqual(['a', 'bc', 'de']);
});

test('a character cut in two comes back whole', () => {
  const got: string[] = [];
  const reader = new LineReader({ bytesMax: 100, onLine: (line) => got.push(line.toString()), onLongLine: () => {} });
  const bytes = Buffer.from('é\n');
  reader.push(bytes.subarray(0, 1));
  reader.push(bytes.subarray(1));
  expect(got).toEqual(['é']);
});

test('a line over the bound is skipped to its end, and the next one is read', () => {
  expect(lines(['x'.repeat(150), 'end\nnext\n'])).toEqual(['long 150 end', 'next']);
});

test('what has no line feed yet is no line', () => {
  expect(lines(['abc'])).toEqual([]);
});

test('at the end what has no line feed is a line too, whole or over the bound, and nothing is none', () => {
  const got: string[] = [];
  const reader = () =>
    new LineReader({ bytesMax: 5, onLine: (line) => got.push(line.toString()), onLongLine: () => got.push('long') });
  for (const text of ['a\nbc', 'a\n', '', 'too long']) {
    const one = reader();
    one.push(Buffer.from(text));
    one.end();
    one.end();
  }
  expect(got).toEqual(['a', 'bc', 'a', 'long']);
});
