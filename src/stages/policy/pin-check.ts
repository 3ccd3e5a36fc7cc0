/** Expressions of a policy against the schema of one tool: at load, and whenever the tool's pin changes. */
import type { JsonValue } from '../../domain/json.ts';
import type { PolicySet, ToolFacts } from '../../domain/policy.ts';
import { compiledSet, entriesOf } from './compiled.ts';
import { checkExpression } from './conditions/cel-types.ts';
import { planFor } from './plan.ts';

export interface PinProblem {
  /** The expression's rule. Calls of this tool are refused by it until policy or schema is put right. */
  readonly rule: string;
  readonly message: string;
}

/** `schema`: the pinned inputSchema. Of a tool that nobody may call, and of rules that only watch, nothing is said. */
export function checkPin(policy: PolicySet, tool: ToolFacts, schema: JsonValue): PinProblem[] {
  const { documents, shown } = planFor(compiledSet(policy), tool);
  if (!shown) return [];
  return documents.flatMap(({ entries }) =>
    entries.flatMap(({ expressions, shadow }) =>
      expressions.flatMap(({ rule, expression }) => {
        const message = shadow ? undefined : checkExpression(expression, schema);
        return message === undefined ? [] : [{ rule, message }];
      }),
    ),
  );
}

export function hasExpressions(policy: PolicySet): boolean {
  return entriesOf(compiledSet(policy)).some(({ expressions }) => expressions.length > 0);
}
