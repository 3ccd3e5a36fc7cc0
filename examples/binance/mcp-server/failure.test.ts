import { describe, expect, it } from 'vitest';
import { ExchangeFault } from './exchange/fault.ts';
import { refusalFrom } from './failure.ts';
import { speak } from './language.ts';

const say = speak('en');

describe('what a caller hears', () => {
  it('of a defect is no detail of it, and not that nothing happened', () => {
    const refused = refusalFrom(new Error('SECRET in a stack'), say);
    expect(refused.reason).toBe('defect');
    expect(JSON.stringify({ ...refused, defect: undefined })).not.toContain('SECRET');
    expect(refused.message).toContain('unknown');
  });

  it('of an order without an answer is that it may have been done', () => {
    expect(refusalFrom(new ExchangeFault({ kind: 'unknown', message: 'no answer' }), say)).toMatchObject({
      reason: 'unknown',
      next: expect.stringContaining('it may have been done'),
    });
  });

  it('of a read without an answer is that nothing was changed', () => {
    expect(refusalFrom(new ExchangeFault({ kind: 'unknown', message: 'no answer', reading: true }), say)).toMatchObject(
      { reason: 'no-answer', message: expect.stringContaining('nothing was changed') },
    );
  });

  it("of a code that is not in the table is the exchange's own words", () => {
    expect(refusalFrom(new ExchangeFault({ kind: 'refused', code: -9999, message: 'New rule.' }), say)).toMatchObject({
      code: -9999,
      message: 'New rule.',
    });
  });
});
