/** Which rules of a policy the cases of a test made decide, and which never did. */
import type { TrailEntry } from '../domain/policy.ts';
import type { PolicyDocument } from '../domain/policy-document.ts';
import { entriesOf, levelsOf } from './lints/lint.ts';
import type { PolicyText } from './load.ts';
import { located, readPolicyDocument } from './read.ts';

export interface Coverage {
  readonly rules: number;
  readonly hit: number;
  readonly never: readonly { readonly rule: string; readonly at: string }[];
}

/** A rule is hit where it refused, asked, hid or, for an entry, listed a tool of some case. */
export function coverageOf(texts: readonly PolicyText[], trail: readonly TrailEntry[]): Coverage {
  const hit = new Set(trail.filter(decides).map((entry) => entry.rule));
  const never: { rule: string; at: string }[] = [];
  let rules = 0;
  for (const { file, text } of texts) {
    const read = readPolicyDocument(file, text).loaded;
    if (read === undefined) continue;
    const prefix = texts.length > 1 ? `${file}#` : '';
    for (const pointer of rulesIn(read.document)) {
      rules++;
      if (hit.has(prefix + pointer)) continue;
      const { line, column } = located(read.source, { pointer, message: '' }, 'key');
      never.push({ rule: prefix + pointer, at: `${file}:${line}:${column}` });
    }
  }
  return { rules, hit: rules - never.length, never };
}

function decides({ kind, outcome }: TrailEntry): boolean {
  switch (kind) {
    case 'hide':
    case 'listed':
    case 'action':
    case 'deny_if':
      return outcome === 'holds' || outcome === 'error';
    case 'require':
    case 'arguments':
    case 'limit':
      return outcome !== 'holds';
    case 'approval':
      return outcome !== 'fails';
    case 'default':
    case 'condition':
      return false;
    default:
      return kind satisfies never;
  }
}

function rulesIn(document: PolicyDocument): string[] {
  const hides = levelsOf(document).flatMap(({ level }) => level.hide.map(({ pointer }) => pointer));
  const entries = entriesOf(document).flatMap(({ entry, name }) => [
    ...(name === undefined ? [] : [entry.pointer]),
    ...(entry.action === 'deny' ? [`${entry.pointer}/action`] : []),
    ...(entry.argumentsSchema ? [`${entry.pointer}/arguments`] : []),
    ...(entry.requiredArguments === undefined ? [] : [entry.requiredArguments]),
    ...[...entry.denyIf, ...entry.require, ...entry.limits].map(({ pointer }) => pointer),
    ...(entry.approval === undefined ? [] : [entry.approval.pointer]),
  ]);
  return [...hides, ...entries];
}
