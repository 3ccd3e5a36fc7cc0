/** A trail in words. */

import { visible } from '../domain/diagnostic.ts';
import { jsonText } from '../domain/json.ts';
import type { TrailEntry } from '../domain/policy.ts';
import type { Judged } from './judge.ts';

const shownMax = 200;

export function explainWords(judged: Judged, where: (rule: string) => string | undefined): string {
  const watched = judged.shadow === true ? ' (in shadow: recorded, not enforced)' : '';
  const place = where(judged.rule);
  const lines = [
    `${judged.verdict}${watched}: ${visible(judged.reason)}`,
    `rule: ${visible(judged.rule)}${place === undefined ? '' : `  (${place})`}`,
  ];
  if (judged.trail.length > 0) lines.push('', 'looked at:', ...judged.trail.map((entry) => `  ${trailWords(entry)}`));
  return lines.join('\n');
}

function trailWords(entry: TrailEntry): string {
  const watched = entry.shadow === true ? ' [shadow]' : '';
  return visible(`${entry.outcome.padEnd(7)} ${entry.rule}${watched}  ${said(entry)}`.trimEnd());
}

function said({ kind, read, op, expected, seen, note, outcome }: TrailEntry): string {
  switch (kind) {
    case 'hide':
      return 'hides this tool';
    case 'listed':
      return 'lists this tool';
    case 'default':
      return `no entry lists this tool: ${read ?? ''}`;
    case 'action':
      return 'denies';
    case 'arguments':
      return note ?? 'the arguments fit the schema';
    case 'condition': {
      const asked =
        op === 'cel'
          ? `cel ${read ?? ''}`
          : `${read ?? ''} ${op ?? ''}${expected === undefined ? '' : ` ${cut(jsonText(expected))}`}`;
      const value = op === 'cel' ? '' : `; seen ${seen === undefined ? 'nothing' : cut(jsonText(seen))}`;
      return `${asked}${value}${note === undefined ? '' : `; ${note}`}`;
    }
    case 'deny_if':
      return outcome === 'holds' ? 'denies' : outcome === 'error' ? 'refuses, as it cannot be judged' : 'does not deny';
    case 'require':
      return outcome === 'holds' ? 'is met' : outcome === 'error' ? 'refuses, as it cannot be judged' : 'is not met';
    case 'approval':
      return outcome === 'fails' ? 'does not ask' : 'asks a person';
    case 'limit':
      return `${note ?? ''}; used ${seen === undefined ? '0' : jsonText(seen)} of ${expected === undefined ? '?' : jsonText(expected)}`;
    default:
      return kind satisfies never;
  }
}

function cut(text: string): string {
  return text.length > shownMax ? `${text.slice(0, shownMax)}…` : text;
}
