import { describe, expect, it } from 'vitest';
import { didYouMean } from './did-you-mean.ts';

describe('did you mean', () => {
  const keys = ['action', 'arguments', 'deny_if', 'inspect', 'limits', 'rate_limit', 'reason', 'require', 'shadow'];
  it.each([
    ['acton', 'action'],
    ['Action', 'action'],
    ['denyif', 'deny_if'],
    ['ratelimit', 'rate_limit'],
    ['limist', 'limits'],
    ['requires', 'require'],
    ['tols', undefined],
    ['xyz', undefined],
    ['', undefined],
    ['a'.repeat(65), undefined],
  ])('%j → %j', (written, nearest) => {
    expect(didYouMean(written, keys)).toBe(nearest);
  });
});
