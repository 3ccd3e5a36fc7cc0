import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cruise, type ICruiseResult, type IFlattenedRuleSet } from 'dependency-cruiser';
import { afterAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const config = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as {
  forbidden: { name: string }[];
  options: object;
};

async function violations(baseDir: string, folders: string[]): Promise<{ rules: string[]; modules: number }> {
  const ruleSet = { forbidden: config.forbidden } as IFlattenedRuleSet;
  const { output } = await cruise(
    folders,
    { ...config.options, baseDir, validate: true, ruleSet, tsConfig: { fileName: join(root, 'tsconfig.json') } },
    undefined,
    {
      tsConfig: { options: { allowImportingTsExtensions: true } },
    } as never,
  );
  const { summary } = output as ICruiseResult;
  return { rules: summary.violations.map(({ rule }) => rule.name), modules: summary.totalCruised };
}

describe('import rules', () => {
  test('hold, and the whole tree was looked at', async () => {
    const { rules, modules } = await violations(root, ['src', 'examples']);
    expect(rules).toEqual([]);
    // A cruiser without its TypeScript finds no modules and no violations.
    expect(modules).toBeGreaterThan(150);
  });

  const planted: Record<string, [from: string, code: string, to: string][]> = {
    'no-cycles': [
      ['src/domain/a.ts', "import type { B } from './b.ts'; export type A = B;", ''],
      ['src/domain/b.ts', "import type { A } from './a.ts'; export type B = A;", ''],
    ],
    'domain-imports-nothing': [['src/domain/a.ts', "import { b } from '../platform/b.ts'; b;", 'src/platform/b.ts']],
    'stages-know-only-the-domain': [
      ['src/stages/limits/a.ts', "import { b } from '../policy/b.ts'; b;", 'src/stages/policy/b.ts'],
    ],
    'policy-is-pure': [['src/stages/policy/a.ts', "import { b } from '../../platform/b.ts'; b;", 'src/platform/b.ts']],
    'platform-is-below': [['src/platform/a.ts', "import { b } from '../call/b.ts'; b;", 'src/call/b.ts']],
    'storage-is-an-adapter': [
      ['src/call/a.ts', "import { b } from '../storage/sqlite/b.ts'; b;", 'src/storage/sqlite/b.ts'],
    ],
    'permits-are-minted-in-one-place': [
      ['src/transport/a.ts', "import { b } from '../domain/permit.ts'; b;", 'src/domain/permit.ts'],
    ],
    'only-entry-points-compose': [['src/call/a.ts', "import { b } from '../app/b.ts'; b;", 'src/app/b.ts']],
    'examples-are-outsiders': [
      ['examples/binance/a.ts', "import { b } from '../../src/domain/b.ts'; b;", 'src/domain/b.ts'],
    ],
    'nobody-imports-examples': [['src/cli/a.ts', "import { b } from '../../examples/b.ts'; b;", 'examples/b.ts']],
    'production-does-not-import-tests': [['src/cli/a.ts', "import { b } from '../../test/b.ts'; b;", 'test/b.ts']],
    'the-sdk-stays-out-of-the-data-path': [
      ['src/call/a.ts', "import { Server } from '@modelcontextprotocol/server'; Server;", ''],
    ],
  };
  const folders: string[] = [];
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  test('every rule has a planted violation', () => {
    expect(Object.keys(planted).sort()).toEqual(config.forbidden.map(({ name }) => name).sort());
  });

  test.each(Object.entries(planted))('%s bites', async (rule, files) => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-tidy-'));
    folders.push(folder);
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (const name of ['src', 'examples']) mkdirSync(join(folder, name), { recursive: true });
    for (const [from, code, to] of files) {
      for (const [file, content] of [[from, code], ...(to === '' ? [] : [[to, 'export const b = 1;']])] as const) {
        mkdirSync(dirname(join(folder, file ?? '')), { recursive: true });
        writeFileSync(join(folder, file ?? ''), content ?? '');
      }
    }
    expect((await violations(folder, ['src', 'examples'])).rules).toContain(rule);
  });
});

describe('the story', () => {
  test('every step of a call is taken by the pipeline', () => {
    const fields = [...read('src/call/stages.ts').matchAll(/^ {2}(\w+)\(/gm)].map((match) => match[1]);
    expect(fields.length).toBeGreaterThan(7);
    const pipeline = read('src/call/pipeline.ts');
    for (const field of fields) expect(pipeline).toContain(`stages.${field}(`);
  });
});

describe('the docs', () => {
  test('every reason to refuse has its row, and every row its reason', () => {
    const reasons = [...read('src/domain/refusal.ts').matchAll(/^ {2}\| '([a-z-]+)'/gm)].map((match) => match[1]);
    expect(reasons.length).toBeGreaterThan(5);
    const table = read('docs/reference/refusals.md').split('## After sending')[0] ?? '';
    const rows = [...table.matchAll(/^\| `([a-z-]+)` \|/gm)].map((match) => match[1]);
    // `malformed` is the record's word for what is a protocol error to the client, not a refusal.
    expect(rows.filter((row) => row !== 'malformed').sort()).toEqual(reasons.sort());
  });

  test('every command and every exit code has its row', () => {
    const page = read('docs/reference/commands.md');
    const commands = [...read('src/cli/cli.ts').matchAll(/^ {2}(\w+): async/gm)].map((match) => match[1]);
    expect(commands.length).toBeGreaterThan(6);
    for (const command of commands) expect(page).toContain(`\`${command}`);
    for (const [, code] of read('src/cli/exit.ts').matchAll(/: (\d+),/g)) expect(page).toContain(`| ${code} |`);
  });

  test('every key of the configuration is described', () => {
    const page = read('docs/reference/configuration.md');
    const schema = read('src/platform/config/schema.ts');
    const keys = [...schema.slice(schema.indexOf('export const configSchema')).matchAll(/^ {2}(\w+):/gm)].map(
      (match) => match[1],
    );
    expect(keys.length).toBeGreaterThan(8);
    for (const key of keys) expect(page).toMatch(new RegExp(`\\b${key}\\b`));
  });

  test('npm scripts and files of code that they name are there', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = pages().flatMap((page) =>
      [
        ...read(page).matchAll(
          /npm run (?:-s |--silent )?([a-z][a-z:-]*)|`((?:src|bench|tools|bin|test)\/[\w./-]+\.(?:ts|js))`/g,
        ),
      ].map(([, script, file]) => ({ page, script, file })),
    );
    expect(named.filter(({ script }) => script !== undefined).length).toBeGreaterThan(5);
    expect(named.filter(({ file }) => file !== undefined).length).toBeGreaterThan(20);
    const missing = named.filter(({ script, file }) =>
      script === undefined ? !existsSync(join(root, file ?? '')) : !(script in scripts),
    );
    expect(missing).toEqual([]);
  });

  test('links in them lead somewhere', () => {
    const broken = pages().flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)]
        .map((match) => match[1] ?? '')
        .filter((target) => {
          try {
            readFileSync(join(root, dirname(page), target));
            return false;
          } catch (fault) {
            return (fault as NodeJS.ErrnoException).code !== 'EISDIR';
          }
        })
        .map((target) => `${page}: ${target}`),
    );
    expect(broken).toEqual([]);
  });
});

function pages(): readonly string[] {
  const all = execFileSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' }).trim().split('\n');
  return all.filter((page) => !page.startsWith('.changeset'));
}

describe('the repository', () => {
  test('says nothing of folders its users do not have', () => {
    const files = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).trim().split('\n');
    const mentions = files
      .filter(
        (file) =>
          /\.(ts|js|md|ya?ml|json|cjs)$/.test(file) &&
          file !== 'tools/tidy.test.ts' &&
          file !== 'package-lock.json' &&
          !file.startsWith('test/eval/'),
      )
      .filter((file) => /\.\.\/shared\/|\/work\/|\.library\b/.test(read(file)));
    expect(mentions).toEqual([]);
  });
});
