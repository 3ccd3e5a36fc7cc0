import { expect, test } from 'vitest';
import { loadPolicy } from '../rulebook/load.ts';
import { bucketName } from '../stages/limits/bucket.ts';
import { Retention } from './retention.ts';

test('a counter is remembered as far back as the longest of its limits looks, wherever that is written', () => {
  const document = {
    version: '1',
    default: 'deny',
    all_tools: { limits: [{ counter: 'spend', max: 1, window: 60 }] },
    categories: { critical: { limits: [{ counter: 'spend', max: 1, window: '2h' }] } },
    tools: { pay: { limits: [{ counter: 'calls', max: 1, window: 'minute' }] } },
    servers: { bank: { tools: { pay: { limits: [{ counter: 'spend', max: 9, window: 'day', align: 'calendar' }] } } } },
  };
  const loaded = loadPolicy([{ file: 'p.json', text: JSON.stringify(document) }]);
  if ('errors' in loaded) throw new Error(JSON.stringify(loaded.errors));
  const retention = new Retention(loaded.limits);
  const hour = 3_600_000;
  expect(retention.ofCounter('spend')).toBe(26 * hour);
  expect(retention.ofCounter('calls')).toBe(60_000);
  expect(retention.ofBucket(bucketName('calls', ['grant=a'], true))).toBe(60_000);
  // Nobody knows what a counter of yesterday's policy will be asked tomorrow.
  expect(retention.ofBucket(bucketName('gone', ['grant=a'], false))).toBe(366 * 24 * hour);
  expect(retention.ofCounter('gone')).toBe(0);
});
