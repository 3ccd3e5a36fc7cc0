import { expect, test } from 'vitest';
import { Standing } from './standing.ts';

const message = (text: string) => ({ text, id: undefined });
const nothing = () => {};

function stream(takes = true) {
  const texts: string[] = [];
  return { texts, emit: (text: string) => takes && texts.push(text) > 0 };
}

test('what a stream does not take waits for the next one; a question is not taken at all', () => {
  const standing = new Standing(1_000);
  const unread = stream(false);
  standing.attach('s', unread.emit, nothing);
  expect(standing.deliver('s', message('one'))).toBe(true);
  expect(standing.deliver('s', { text: 'asked', id: 'q' })).toBe(false);
  const next = stream();
  standing.attach('s', next.emit, nothing);
  expect(next.texts).toEqual(['one']);
});

test('the newest messages wait, so many and so large, and the last one always', () => {
  const after = (unreadBytesMax: number, texts: string[]) => {
    const standing = new Standing(unreadBytesMax);
    for (const text of texts) standing.deliver('s', message(text));
    const next = stream();
    standing.attach('s', next.emit, nothing);
    return next.texts;
  };
  const many = Array.from({ length: 70 }, (_, i) => `m${i}`);
  expect(after(100_000, many)).toEqual(many.slice(6));
  expect(after(20, ['aaaaa', 'bbbbb', 'ééé'])).toEqual(['ééé']);
  expect(after(20, ['aaaaa', 'bbbbb'])).toEqual(['aaaaa', 'bbbbb']);
  expect(after(20, ['a', 'longer than all of it'])).toEqual(['longer than all of it']);
});
