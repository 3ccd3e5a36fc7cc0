import { expect, test } from 'vitest';
import { unwrapCursor, wrapCursor } from './cursor.ts';

test.each(['', 'page-2', 'é中😀', 'sallyport:at:x', '{"offset":1}'])('%j comes back as it was', (cursor) => {
  expect(unwrapCursor(wrapCursor(cursor))).toBe(cursor);
});

test.each(['', 'page-2', 'sallyport:500', 'sallyport:at:=', 'sallyport:at:a', 'sallyport:at:_w', 5, null, {}])(
  '%j was not given',
  (cursor) => {
    expect(unwrapCursor(cursor)).toBeUndefined();
  },
);
