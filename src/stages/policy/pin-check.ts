/** Expressions of a policy against the schema of one tool: at load, and whenever the tool's pin changes. */
import type { JsonValue } from '../../domain/json.ts';
import type { PolicySet, ToolFacts } from '../../domain/policy.ts';
import { compiledSet } from './compiled.ts';
import { checkExpression } from './conditions/cel-types.ts';
import { planFor } from './plan.ts';

export interface PinProblem {
  /** The expression's rule. Calls of this tool are refused by it until policy or schema is put right. */
  readonly rule: string;
  readonly message: string;
}

/** `schema`: the pinned inputSchema. */
export function checkPin(policy: PolicySet, tool: ToolFacts, schema: JsonValue): PinProblem[] {
  const { documents } = planFor(compiledSet(policy), tool);
  return documents.flatMap(({ entries }) =>
    entries.flatMap(({ expressions }) =>
      expressions.flatMap(({ rule, expression }) => {
        const message = checkExpression(expression, schema);
        return message === undefined ? [] : [{ rule, message }];
      }),
    ),
  );
}
