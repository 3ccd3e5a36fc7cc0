/** Every lint, in the order of the reference page. */
import { contradictions } from './contradictions.ts';
import { expressions } from './expressions.ts';
import type { Lint } from './lint.ts';
import { neverApplies } from './never-applies.ts';
import { nothingListed } from './nothing-listed.ts';
import { perSession } from './per-session.ts';
import { criticalOpen, hiddenBrake } from './risk.ts';
import { schemaPaths } from './schema-paths.ts';
import { unknownNames } from './unknown-names.ts';

export const lints: readonly Lint[] = [
  nothingListed,
  unknownNames,
  neverApplies,
  schemaPaths,
  contradictions,
  criticalOpen,
  perSession,
  expressions,
  hiddenBrake,
];
