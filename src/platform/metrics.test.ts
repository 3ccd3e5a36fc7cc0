import { expect, test } from 'vitest';
import { Metrics } from './metrics.ts';

test('calls are counted by their labels, and go on counting after they were read', async () => {
  const metrics = new Metrics();
  metrics.countCall('a', 'tools/call', 'permit', 'replied');
  metrics.countCall('a', 'tools/call', 'permit', 'replied');
  metrics.countCall('a', 'tools/call', 'refuse', 'refused');
  metrics.countCall('b', 'tools/call', 'permit', 'replied');
  expect(await calls(metrics)).toEqual({ 'a permit replied': 2, 'a refuse refused': 1, 'b permit replied': 1 });
  metrics.countCall('a', 'tools/call', 'permit', 'replied');
  expect(await calls(metrics)).toEqual({ 'a permit replied': 3, 'a refuse refused': 1, 'b permit replied': 1 });
});

async function calls(metrics: Metrics): Promise<Record<string, number>> {
  const text = await metrics.registry.getSingleMetricAsString('sallyport_calls_total');
  const lines = text.matchAll(/server="(.*?)",method=".*?",verdict="(.*?)",outcome="(.*?)"\} (\d+)/g);
  return Object.fromEntries(
    [...lines].map(([, server, verdict, outcome, n]) => [`${server} ${verdict} ${outcome}`, Number(n)]),
  );
}
