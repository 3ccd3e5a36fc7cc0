import { expect, it } from 'vitest';
import { story } from './story.ts';

it('lets a client that has never seen the server trade a full day', async () => {
  const printed: string[] = [];
  expect(await story([], (line) => printed.push(line))).toBeUndefined();
  expect(printed.join('\n')).toContain('released margin: 4.5 USDT');
});
