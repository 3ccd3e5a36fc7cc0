/** What is dangerous and open, and what is safe and shut. */
import type { PolicyDocument, PolicyEntry } from '../../domain/policy-document.ts';
import { globMatcher } from '../../stages/policy/names.ts';
import type { KnownTool } from '../known-tools.ts';
import { entriesOf, type Lint, levelsOf, toolsOf } from './lint.ts';

export const criticalOpen: Lint = {
  name: 'critical tool without a bound',
  meaning: 'a tool of critical severity that is allowed without limit or approval, or limited only per session',
  *find({ document, tools }) {
    if (tools === undefined) return;
    for (const tool of tools) {
      if (tool.severity !== 'critical' || hides(document, tool) || !opens(document, tool)) continue;
      const entries = entriesFor(document, tool, tools);
      // What only watches bounds nothing.
      const counting = document.mode === 'shadow' ? [] : entries.filter((entry) => !entry.shadow);
      if (counting.some((entry) => entry.action !== 'allow')) continue;
      const limits = counting.flatMap((entry) => entry.limits);
      const pointer = entries[0]?.pointer ?? '/default';
      if (limits.length === 0) {
        yield {
          pointer,
          part: 'key',
          message: `\`${tool.name}\` is critical and allowed without limit or approval`,
          hint: 'add `limits` with `per: grant`, or `action: require_approval`',
        };
      } else if (limits.every((limit) => limit.per.includes('session'))) {
        yield {
          pointer,
          part: 'key',
          message: `\`${tool.name}\` is critical and limited only per session`,
          hint: 'an agent’s client can open a new session; add a limit with `per: grant`',
        };
      }
    }
  },
};

const reducing = new Set(['cancel', 'close', 'stop', 'delete', 'reduce', 'void', 'revoke']);
const increasing = new Set(['create', 'place', 'open', 'buy', 'start', 'new', 'submit', 'add']);

export const hiddenBrake: Lint = {
  name: 'hidden brake',
  meaning:
    'a tool that takes risk back (cancel, close, stop, delete) is hidden while its twin that opens risk is allowed',
  *find({ document, tools }) {
    if (tools === undefined) return;
    for (const tool of tools) {
      const object = twinKey(tool.name, reducing);
      const hide = object === undefined ? undefined : hides(document, tool);
      if (hide === undefined) continue;
      const twin = tools.find(
        (other) =>
          other.server === tool.server &&
          twinKey(other.name, increasing) === object &&
          hides(document, other) === undefined &&
          opens(document, other),
      );
      if (twin === undefined) continue;
      yield {
        pointer: hide,
        message: `\`${tool.name}\` is hidden while \`${twin.name}\` is allowed`,
        hint: 'what opens a position should not outlive what closes it; allow it with a rate limit',
      };
    }
  },
};

/** The words of a name without its verb, where the verb is one of these; plural and singular count as one. */
function twinKey(name: string, verbs: ReadonlySet<string>): string | undefined {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '' && word !== 'all');
  const at = words.findIndex((word) => verbs.has(word));
  if (at < 0) return undefined;
  return words
    .toSpliced(at, 1)
    .map((word) => word.replace(/s$/, ''))
    .join(' ');
}

function hides(document: PolicyDocument, tool: KnownTool): string | undefined {
  for (const { level, server } of levelsOf(document)) {
    if (server !== undefined && server !== tool.server) continue;
    const hide = level.hide.find(({ pattern }) => globMatcher(pattern)(tool.name));
    if (hide !== undefined) return hide.pointer;
  }
  return undefined;
}

/** Whether something lists the tool, or the default lets it through. */
function opens(document: PolicyDocument, tool: KnownTool): boolean {
  const block = document.servers.get(tool.server);
  const levels = block === undefined ? [document.level] : [block, document.level];
  if (levels.some((level) => [...level.tools.keys()].some((name) => globMatcher(name)(tool.name)))) return true;
  const groups = levels.flatMap((level) => [...level.categories]);
  const byGroup = groups.some(
    ([group, entry]) =>
      entry.actionWritten && entry.action === 'allow' && (group === tool.category || group === tool.severity),
  );
  if (byGroup && tool.reviewed === true) return true;
  return levels.find((level) => level.default !== undefined)?.default === 'allow';
}

function entriesFor(document: PolicyDocument, tool: KnownTool, tools: readonly KnownTool[]): PolicyEntry[] {
  return entriesOf(document)
    .filter((placed) => toolsOf(placed, tools)?.includes(tool) === true && appliesByGroup(document, placed.entry, tool))
    .map(({ entry }) => entry);
}

function appliesByGroup(document: PolicyDocument, entry: PolicyEntry, tool: KnownTool): boolean {
  for (const { level } of levelsOf(document)) {
    for (const [group, candidate] of level.categories) {
      if (candidate === entry) return group === tool.category || group === tool.severity;
    }
  }
  return true;
}
