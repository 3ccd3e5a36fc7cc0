import type { LimitRule, PolicyDocument } from '../domain/policy-document.ts';
import { entriesOf } from './lints/lint.ts';

/** A limit that a policy has in force, and where it stands. */
export interface LimitInForce extends LimitRule {
  readonly file: string;
  readonly shadow: boolean;
}

/** Every limit that the documents write, whatever it applies to. */
export function limitsOf(documents: readonly PolicyDocument[]): readonly LimitInForce[] {
  return documents.flatMap((document) =>
    entriesOf(document).flatMap(({ entry }) =>
      entry.limits.map((limit) => ({
        ...limit,
        file: document.file,
        shadow: entry.shadow || document.mode === 'shadow',
      })),
    ),
  );
}
