/** CEL where exactness or types are at stake. */
import type { ConditionSource } from '../../domain/policy-document.ts';
import { compileExpression } from '../../stages/policy/conditions/cel.ts';
import { checkExpression } from '../../stages/policy/conditions/cel-types.ts';
import type { KnownTool } from '../known-tools.ts';
import { entriesOf, expressionsIn, type Lint, type LintProblem, toolsOf } from './lint.ts';

export const expressions: Lint = {
  name: 'expression',
  meaning:
    'a CEL expression that counts amounts (JSON numbers are doubles there), whose arguments are not type-checked, or do not fit the tool’s schema',
  *find({ document, tools }) {
    for (const placed of entriesOf(document)) {
      const { entry } = placed;
      for (const limit of entry.limits) {
        if (typeof limit.amount !== 'object' || !('cel' in limit.amount)) continue;
        yield {
          pointer: `${limit.pointer}/amount`,
          message: 'CEL computes with doubles, so this amount may be inexact',
          hint: 'use a path, `{product: […]}` or `{sum: […]}`',
        };
      }
      const rules = [...entry.denyIf, ...entry.require].flatMap((rule) => rule.conditions);
      const found = expressionsIn([...rules, ...(entry.approval?.if ?? [])]);
      for (const expression of found) {
        if (
          /\bargs\b/.test(expression.text) &&
          /[<>]=?|[-+*/%]/.test(expression.text.replace(/"[^"]*"|'[^']*'/g, ''))
        ) {
          yield {
            pointer: expression.pointer,
            message: 'CEL compares numbers as doubles',
            hint: 'where it decides an amount, use `lt`, `lte`, `gt` or `gte`, which are exact',
          };
        }
        const pinned = toolsOf(placed, tools)?.filter((tool) => tool.inputSchema !== undefined) ?? [];
        if (pinned.length === 0) yield { pointer: expression.pointer, message: 'not type-checked: no pin' };
        else yield* misfits(expression, pinned);
      }
    }
  },
};

function* misfits(source: ConditionSource & { kind: 'cel' }, pinned: readonly KnownTool[]): Iterable<LintProblem> {
  const compiled = compileExpression(source.text, false);
  if ('error' in compiled) return;
  for (const { name, inputSchema } of pinned) {
    const wrong = checkExpression(compiled, inputSchema);
    if (wrong === undefined) continue;
    yield { pointer: source.pointer, message: `${wrong}, so \`${name}\` is refused` };
    return;
  }
}
