import type { RecordDraft } from '../stages/audit/record.ts';
import { logsOf } from '../stages/limits/bucket.ts';
import type { LimitStore } from '../stages/limits/limit-store.ts';
import type { Ledger } from '../storage/sqlite/ledger.ts';
import type { ResetRequest } from './limit-requests.ts';

/** Empties the logs of a counter, on the record. Their names. */
export async function resetLimits(
  request: ResetRequest,
  { ledger, store, now }: { ledger: Ledger; store: LimitStore | undefined; now: () => number },
): Promise<readonly string[]> {
  const accepts = logsOf(request.counter, request.scope);
  const record = (): RecordDraft => ({ kind: 'limits-reset', at: now(), members: membersOf(request) });
  if (store === undefined) return ledger.reset(accepts, record);
  // The record first: that a reset was asked for must stand even where the store fails half way.
  await ledger.append(record());
  return store.reset(accepts);
}

function membersOf({ counter, scope, by }: ResetRequest): string {
  const narrowed = scope.length === 0 ? '' : `,"scope":${JSON.stringify(scope)}`;
  return `"counter":${JSON.stringify(counter)}${narrowed},"by":${JSON.stringify(by)}`;
}
