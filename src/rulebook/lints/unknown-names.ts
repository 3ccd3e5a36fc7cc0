/** Names and globs that no server offers, and names that two offer. */
import { suggestion } from '../../platform/did-you-mean.ts';
import { globMatcher, isGlob } from '../../stages/policy/names.ts';
import { entriesOf, type Lint, levelsOf, toolsOf } from './lint.ts';

export const unknownNames: Lint = {
  name: 'unknown tool',
  meaning: 'a name or glob that no known server offers; a listed name that two servers offer',
  *find({ document, tools }) {
    if (tools === undefined) return;
    for (const placed of entriesOf(document)) {
      const { name, entry, server } = placed;
      if (name === undefined) continue;
      const matched = toolsOf(placed, tools) ?? [];
      const pool = tools.filter((tool) => server === undefined || tool.server === server).map((tool) => tool.name);
      if (matched.length === 0) {
        const hint = isGlob(name) ? undefined : suggestion(name, pool);
        yield {
          pointer: entry.pointer,
          part: 'key',
          message: isGlob(name) ? `no known tool matches \`${name}\`` : `unknown tool \`${name}\``,
          ...(hint === undefined ? {} : { hint }),
        };
      }
      const servers = new Set(matched.map((tool) => tool.server));
      if (!isGlob(name) && servers.size > 1) {
        yield {
          pointer: entry.pointer,
          part: 'key',
          message: `\`${name}\` is offered by ${[...servers].map((s) => `\`${s}\``).join(' and ')}, and this entry allows both`,
          hint: 'write it under `servers.<id>.tools`',
        };
      }
    }
    for (const { level, server } of levelsOf(document)) {
      for (const { pattern, pointer } of level.hide) {
        const pool = tools.filter((tool) => server === undefined || tool.server === server).map((tool) => tool.name);
        if (pool.some(globMatcher(pattern))) continue;
        const hint = isGlob(pattern) ? undefined : suggestion(pattern, pool);
        yield {
          pointer,
          message: `\`${pattern}\` hides no known tool`,
          ...(hint === undefined ? {} : { hint }),
        };
      }
    }
  },
};
