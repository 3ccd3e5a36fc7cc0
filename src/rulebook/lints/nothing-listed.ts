/** `default: deny` with no entry that lists a tool: the document refuses everything. */
import type { Lint } from './lint.ts';
import { levelsOf } from './lint.ts';

export const nothingListed: Lint = {
  name: 'nothing listed',
  meaning: '`default: deny` and no entry that lists a tool: every call is refused',
  *find({ document }) {
    const levels = levelsOf(document).map(({ level }) => level);
    if (levels.some((level) => level.default === 'allow')) return;
    const lists = levels.some(
      (level) =>
        level.tools.size > 0 ||
        [...level.categories.values()].some((entry) => entry.actionWritten && entry.action === 'allow'),
    );
    if (lists) return;
    yield {
      pointer: '/default',
      part: 'key',
      message: 'nothing is listed, so `default: deny` refuses every call',
      hint: 'list what is allowed, for example `tools: { get_me: {} }`, or write `default: allow`',
    };
  },
};
