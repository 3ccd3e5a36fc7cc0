import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/** Makes what lives long enough to fill the young generation, and gives the size that grew to. */
const CHURN = `
  import v8 from 'node:v8';
  const [, file, bound] = process.argv;
  if (file !== undefined) (await import(file))[bound]();
  const kept = [];
  for (let i = 0; i < 6_000_000; i++) {
    kept[i % 30_000] = { i, text: 'x' + i, more: [i, i] };
    if (i % 20_000 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  console.log(v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size);
`;

test('the young generation stays smaller than it would be: of a gateway, and more so of a command that ends', () => {
  const file = fileURLToPath(new URL('./bound-heap.ts', import.meta.url));
  const gateway = grownTo(file, 'boundHeap');
  const command = grownTo(file, 'boundYoungGeneration');
  expect(command).toBeGreaterThan(0);
  expect(command).toBeLessThan(gateway);
  expect(gateway).toBeLessThan(grownTo());
});

function grownTo(...args: readonly string[]): number {
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', CHURN, ...args], { encoding: 'utf8' }));
}
