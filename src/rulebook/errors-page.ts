/** The page of errors: what is written, what `policy check` says of it, and the way out; made from the cases. */
import type { Diagnostic } from '../domain/diagnostic.ts';
import { visible } from '../domain/diagnostic.ts';
import { checkPolicy } from './check.ts';
import type { PolicyText } from './load.ts';

export function errorsPage(cases: readonly PolicyText[]): string {
  return [
    '# Errors in policy files',
    '<!-- Made by src/rulebook/errors-page.ts from cases/compile/errors; do not edit. `npm run docs` writes it anew. -->',
    'Every error says file, line and column, and what to do. A file with an error is not used: at start the gateway ends with code 78, and a running one keeps the policy it has and raises an alarm. A file of more than a hundred errors says the first hundred.',
    ...cases.flatMap(({ file, text }) => [
      `## ${file}`,
      fenced(file, text),
      errorTable(checkPolicy(file, text).errors),
    ]),
    '## Files that are no policy at all',
    [
      '| what | what it says |',
      '|---|---|',
      '| not there, no permission, a folder | `cannot read …`; the command ends with code 2 |',
      '| not UTF-8 | `not a UTF-8 text file`; save it as UTF-8 |',
      '| YAML of more than 256 KiB | `… bytes of YAML; at most …`; use JSON |',
      '| more than 4 MiB | `… bytes; a file may have …`; split it: a grant’s `policy` may be a list |',
      '| more than 64 levels deep | `nested more than 64 levels deep` |',
    ].join('\n'),
  ]
    .join('\n\n')
    .concat('\n');
}

function fenced(file: string, text: string): string {
  return `\`\`\`${file.endsWith('.json') ? 'json' : 'yaml'}\n${text.trimEnd()}\n\`\`\``;
}

function errorTable(errors: readonly Diagnostic[]): string {
  const rows = errors.map(
    ({ line, column, message, hint }) => `| ${line}:${column} | ${cell(message)} | ${cell(hint ?? '')} |`,
  );
  return ['| at | what it says | way out |', '|---|---|---|', ...rows].join('\n');
}

function cell(text: string): string {
  return visible(text).replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
