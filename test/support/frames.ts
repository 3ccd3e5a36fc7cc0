import { readFileSync } from 'node:fs';

/** What a server saw, as it arrived, from a fixture's journal. */
export function journalled(file: string): { name: unknown; raw: string }[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{"name"') || line.startsWith('{"raw"'))
    .map((line) => JSON.parse(line) as { name: unknown; raw: string });
}

/**
 * The value Python's json reads out of each text, as JavaScript sees it after both have rounded numbers to doubles.
 * Undefined where there is no python3.
 */
export async function readByPython(texts: readonly string[]): Promise<unknown[] | undefined> {
  const program = 'import json,sys\nfor line in sys.stdin:\n print(json.dumps(json.loads(json.loads(line))))';
  const { spawnSync } = await import('node:child_process');
  if (spawnSync('python3', ['--version']).status !== 0) return undefined;
  const ran = spawnSync('python3', ['-c', program], {
    input: texts.map((text) => `${JSON.stringify(text)}\n`).join(''),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return ran.stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
