/** What the lists show: the same rules that decide calls. A tool with `action: deny` stays listed and answers with its reason. */
import type { PolicySet, ToolFacts } from '../../domain/policy.ts';
import { type CompiledDocument, type CompiledNameRules, compiledSet } from './compiled.ts';
import { normalUri } from './normal-uri.ts';
import { planFor } from './plan.ts';

export function showsTool(policy: PolicySet, tool: ToolFacts): boolean {
  const set = compiledSet(policy);
  return set.compiled.length > 0 && planFor(set, tool).shown;
}

/** By the prompt's name. */
export function showsPrompt(policy: PolicySet, server: string, name: string): boolean {
  return shows(policy, server, name, 'prompts');
}

/** By the resource's or the template's URI. */
export function showsResource(policy: PolicySet, server: string, uri: string): boolean {
  return shows(policy, server, uri, 'resources');
}

/** Whether a prompt or resource would be shown, had documents in shadow counted. */
export function wouldShow(policy: PolicySet, server: string, name: string, kind: 'prompts' | 'resources'): boolean {
  return compiledSet(policy).compiled.every((document) => documentShows(document, server, name, kind));
}

/** Whether these rules could hide any prompt or resource of the server. */
export function hidesAny(policy: PolicySet, server: string, kind: 'prompts' | 'resources'): boolean {
  const { compiled } = compiledSet(policy);
  if (compiled.length === 0) return true;
  return compiled.some((document) => !document.shadow && documentHides(document, server, kind));
}

function documentHides(document: CompiledDocument, server: string, kind: 'prompts' | 'resources'): boolean {
  const levels = levelsFor(document, server);
  if (levels.some((level) => level[kind]?.allow !== undefined || (level[kind]?.hide.length ?? 0) > 0)) return true;
  return levels.map((level) => level.default).find((d) => d !== undefined)?.allow !== true;
}

/** The innermost first. */
function levelsFor(document: CompiledDocument, server: string) {
  const block = document.servers.get(server);
  return block === undefined ? [document.outer] : [block, document.outer];
}

function shows(policy: PolicySet, server: string, name: string, kind: 'prompts' | 'resources'): boolean {
  const { compiled } = compiledSet(policy);
  if (compiled.length === 0) return false;
  return compiled.every((document) => document.shadow || documentShows(document, server, name, kind));
}

function documentShows(
  document: CompiledDocument,
  server: string,
  name: string,
  kind: 'prompts' | 'resources',
): boolean {
  const levels = levelsFor(document, server);
  const rules = levels.flatMap((level): CompiledNameRules[] => (level[kind] === undefined ? [] : [level[kind]]));
  // `file:///srv/../etc/passwd` fits `file:///srv/*` and is read as another file.
  if (kind === 'resources' && rules.length > 0 && dotSegment.test(name)) return false;
  const spellings = kind === 'resources' ? [name, normalUri(name)] : [name];
  if (rules.some(({ hide }) => hide.some((pattern) => spellings.some((one) => pattern.matches(one))))) return false;
  const lists = rules.flatMap((rule) => (rule.allow === undefined ? [] : [rule.allow]));
  // A written `allow` is the whole list, whatever the default; the lists of both levels add up.
  if (lists.length > 0) return lists.some((list) => list.some((pattern) => pattern.matches(name)));
  return levels.map((level) => level.default).find((d) => d !== undefined)?.allow === true;
}

/** `.` or `..` between slashes, each of them also as parsers of URIs decode it. */
const dotSegment = /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:[/\\?#]|%2f|%5c|$)/i;
