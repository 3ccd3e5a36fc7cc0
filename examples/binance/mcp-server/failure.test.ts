import { describe, expect, it } from 'vitest';
import { ExchangeFault } from './exchange/fault.ts';
import { refusalFrom } from './failure.ts';
import { speak } from './language.ts';

const say = speak('en');

/** The codes of the documented error tables that one of the tools can be answered. */
const spoken = [
  -1003, -1013, -1015, -1021, -1022, -1100, -1101, -1102, -1106, -1111, -1115, -1116, -1117, -1120, -1121, -1127, -1128,
  -1130, -1131, -2007, -2010, -2011, -2013, -2014, -2015, -2018, -2019, -2021, -2022, -2025, -2027, -2028, -2039, -4001,
  -4002, -4003, -4004, -4005, -4013, -4014, -4015, -4016, -4023, -4024, -4028, -4045, -4046, -4047, -4048, -4051, -4059,
  -4061, -4067, -4068, -4116, -4118, -4120, -4131, -4136, -4137, -4142, -4161, -4164, -4165, -4168, -5021, -5022,
];

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
      next: expect.stringContaining('nothing was done'),
    });
  });

  it.each(spoken)('of %i is what it means and what to do next', (code) => {
    const refused = refusalFrom(new ExchangeFault({ kind: 'refused', code, message: 'words' }), say);
    expect(refused.message).toMatch(/^words \(.+\)$/);
    expect(refused.next).not.toContain("exchange's words");
  });
});
