import { describe, expect, it } from 'vitest';
import { readTraceparent, traceparentText } from './traceparent.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('traceparent', () => {
  it('is read, and written as it was', () => {
    expect(readTraceparent(`00-${TRACE}-${SPAN}-01`)).toEqual({ traceId: TRACE, spanId: SPAN, traceFlags: 1 });
    for (const flags of ['00', '01', '0f', 'ff']) {
      const read = readTraceparent(`00-${TRACE}-${SPAN}-${flags}`);
      expect(read && traceparentText(read)).toBe(`00-${TRACE}-${SPAN}-${flags}`);
    }
  });

  it.each([
    undefined,
    null,
    7,
    '',
    'x',
    `01-${TRACE}-${SPAN}-01`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE.slice(1)}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE}-${SPAN}-01-more`,
    ` 00-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01\n`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
  ])('%j names no span', (value) => {
    expect(readTraceparent(value)).toBeUndefined();
  });
});
