/** CEL where exactness or types are at stake. */
import { entriesOf, expressionsIn, type Lint, toolsOf } from './lint.ts';

export const expressions: Lint = {
  name: 'expression',
  meaning:
    'a CEL expression that counts amounts (JSON numbers are doubles there), or whose arguments are not type-checked',
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
        const matched = toolsOf(placed, tools);
        if (matched?.some((tool) => tool.inputSchema !== undefined) === true) continue;
        yield { pointer: expression.pointer, message: 'not type-checked: no pin' };
      }
    }
  },
};
