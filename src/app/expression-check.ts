/**
 * Says where an expression does not fit the schema that a server lists for a tool: calls of that tool are refused until
 * policy or schema is put right, and nobody may be calling it just now. Looked at whenever a list comes or rules change.
 */
import { createHash } from 'node:crypto';
import { isJsonObject, jsonText } from '../domain/json.ts';
import type { Alarms } from '../platform/alarms.ts';
import { checkPin, hasExpressions } from '../stages/policy/pin-check.ts';
import type { ToolList } from '../stages/upstream/tool-list.ts';
import type { Rules } from './rules.ts';

export class ExpressionCheck {
  readonly #alarms: Alarms;
  readonly #rules: () => Rules;
  /** The last list of each server. */
  readonly #lists = new Map<string, { readonly list: ToolList; readonly digest: string | undefined }>();

  constructor(options: { readonly alarms: Alarms; readonly rules: () => Rules }) {
    this.#alarms = options.alarms;
    this.#rules = options.rules;
  }

  /** Every session asks for the list of its server; mostly it is the one that is known. */
  listed(server: string, list: ToolList): void {
    const policies = this.#policiesOf(server);
    const digest = policies.length === 0 ? undefined : digestOf(list);
    const known = this.#lists.get(server);
    this.#lists.set(server, { list, digest });
    if (digest === undefined || digest !== known?.digest) this.#check(server, list);
  }

  rulesChanged(): void {
    for (const [server, { list }] of this.#lists) this.#check(server, list);
  }

  forget(server: string): void {
    this.#lists.delete(server);
    this.#alarms.clear('schema', server);
  }

  #check(server: string, list: ToolList): void {
    const found = new Set<string>();
    for (const policy of this.#policiesOf(server)) {
      for (const tool of list.tools) {
        const { name, inputSchema } = tool;
        if (typeof name !== 'string' || !isJsonObject(inputSchema)) continue;
        for (const { rule, message } of checkPin(policy, { server, name }, inputSchema)) {
          found.add(`\`${name}\` of ${server} is refused by ${rule}: ${message}`);
        }
      }
    }
    const [first] = found;
    if (first === undefined) this.#alarms.clear('schema', server);
    else this.#alarms.raise('schema', found.size === 1 ? first : `${first} (and ${found.size - 1} more)`, server);
  }

  #policiesOf(server: string) {
    const { callers, policies } = this.#rules();
    return [...policies].flatMap(([grant, policy]) =>
      callers.get(grant)?.servers.includes(server) === true && hasExpressions(policy) ? [policy] : [],
    );
  }
}

function digestOf(list: ToolList): string {
  const hash = createHash('sha256');
  for (const { name, inputSchema } of list.tools) hash.update(jsonText([name ?? null, inputSchema ?? null]));
  return hash.digest('base64');
}
