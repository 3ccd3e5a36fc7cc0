/** Limits that an agent can start afresh by opening another session. */
import { entriesOf, type Lint } from './lint.ts';

export const perSession: Lint = {
  name: 'counted per session',
  meaning: 'the only limits of an entry count per session, and an agent’s client can open a new one',
  *find({ document }) {
    const alone = entriesOf(document).filter(
      ({ entry }) => entry.limits.length > 0 && entry.limits.every((limit) => limit.per.includes('session')),
    );
    const [first] = alone;
    const limit = first?.entry.limits[0];
    if (limit === undefined) return;
    const more = alone.length > 1 ? ` (and ${alone.length - 1} more ${alone.length === 2 ? 'entry' : 'entries'})` : '';
    yield {
      pointer: limit.pointer,
      part: 'key',
      message: `this limit counts per session${more}, and an agent’s client can open a new session`,
      hint: 'write `per: grant` to count all sessions of the grant together',
    };
  },
};
