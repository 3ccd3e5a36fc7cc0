import { describe, expect, test } from 'vitest';
import type { Admission, Intent, Reserved } from '../domain/admission.ts';
import type { DecodedCall } from '../domain/call.ts';
import { type Fault, fault } from '../domain/fault.ts';
import type { JsonObject } from '../domain/json.ts';
import { Permit } from '../domain/permit.ts';
import type { Decision, PolicySet } from '../domain/policy.ts';
import type { Answer, Received } from '../domain/received.ts';
import { type Refusal, refusal } from '../domain/refusal.ts';
import type { Reply } from '../domain/reply.ts';
import { handleCall } from './pipeline.ts';
import type { Stages, Target } from './stages.ts';

const call = { kind: 'call', target: 'pay', session: { caller: { grant: 'desk' } } } as unknown as DecodedCall;
const received = { headers: {} } as Received;
const policy = { hash: 'p1' } as PolicySet;
const target: Target = { kind: 'target', definition: {} };
const permits: Decision = {
  verdict: 'permit',
  rule: '/tools/pay',
  reason: 'the policy allows this call',
  trail: [],
  limits: [],
  asks: [],
};
const replied: Reply = { kind: 'replied', text: '{}', isError: false, status: 200 };
const answer: Answer = { kind: 'answer', status: 200, text: 'the answer' };

/** What is recorded at the end of a call, and which steps it went through. */
type Told = {
  readonly steps: readonly string[];
  readonly admission: Admission;
  readonly outcome: Refusal | Fault | Reply;
  readonly intents: readonly Intent[];
  readonly faults: readonly unknown[];
};

/** Every step notes that it was asked; `changed` are those that do otherwise than in a call that goes well. */
async function tell(changed: Partial<Stages>): Promise<Told> {
  const steps: string[] = [];
  const intents: Intent[] = [];
  const faults: unknown[] = [];
  let told: Omit<Told, 'steps' | 'intents' | 'faults'> | undefined;
  const usual: Omit<Stages, 'noteFault' | 'recordOutcome'> = {
    findTarget: () => target,
    currentPolicy: () => policy,
    decide: () => permits,
    checkMirrors: (decoded) => decoded,
    recordIntent: (permit) => ({ kind: 'intent', permit, members: '' }),
    reserveLimits: async ({ permit }) => ({ kind: 'reserved', permit, call: permit.call, record: 1, taken: [] }),
    invoke: async () => replied,
    inspect: (_, reply) => reply,
  };
  const noted = Object.fromEntries(
    Object.entries({ ...usual, ...changed }).map(([step, run]) => [
      step,
      (...args: [never, never, never]) => {
        steps.push(step);
        const made: unknown = (run as (...args: unknown[]) => unknown)(...args);
        if (step === 'recordIntent') intents.push(made as Intent);
        return made;
      },
    ]),
  );
  const given = await handleCall(call, received, {
    ...noted,
    async recordOutcome(of: DecodedCall, admission: Admission, outcome: Refusal | Fault | Reply, from: Received) {
      expect([of, from]).toEqual([call, received]);
      told = { admission, outcome };
      return answer;
    },
    noteFault: (where: string, thrown: unknown) => faults.push([where, thrown]),
  } as unknown as Stages);
  expect(given).toBe(answer);
  if (told === undefined) throw new Error('nothing was recorded');
  return { ...told, steps, intents, faults };
}

const deciding = ['findTarget', 'currentPolicy', 'decide'];
const admitting = [...deciding, 'checkMirrors', 'recordIntent', 'reserveLimits'];
const all = [...admitting, 'invoke', 'inspect'];
const defect = new Error('a defect');
const failing = (): never => {
  throw defect;
};

describe('a call that the policy lets through', () => {
  test('goes through every step once, in this order, and its answer is recorded', async () => {
    const { steps, admission, outcome, faults } = await tell({});
    expect(steps).toEqual(all);
    expect([admission.kind, outcome, faults]).toEqual(['reserved', replied, []]);
  });
  test('is sent under a permit for exactly this call, by the policy that was in force', async () => {
    const shadow = { verdict: 'refuse', rule: '/s', reason: 'watched' } as const;
    const limits = [{ rule: '/l' }] as never;
    const mirrored = { ...call, paramHeaders: [['mcp-param-x', '1']] } as DecodedCall;
    const { intents } = await tell({
      decide: () => ({ ...permits, limits, shadow: shadow as never }),
      checkMirrors: () => mirrored,
    });
    const [{ permit } = { permit: undefined }] = intents;
    expect(permit !== undefined && Permit.isGenuine(permit)).toBe(true);
    expect(Object.fromEntries(Object.entries(permit ?? {}))).toEqual({
      kind: 'permit',
      call: mirrored,
      rule: '/tools/pay',
      policy,
      demands: limits,
      shadow,
    });
  });
  test('may be withheld when it comes back', async () => {
    const withheld: Reply = { kind: 'withheld', why: 'too large' };
    expect((await tell({ inspect: () => withheld })).outcome).toBe(withheld);
  });
});

describe('a call that may not happen is recorded, and nothing of it is sent', () => {
  const decides = (more: Partial<Decision>) => ({ decide: () => ({ ...permits, rule: '/r', reason: 'no', ...more }) });

  test('its target cannot be had', async () => {
    for (const found of [
      refusal('unavailable', '(upstream)', 'it is down', ''),
      fault(400, -32022, 'another era', null),
    ])
      expect(await tell({ findTarget: () => found })).toMatchObject({
        steps: ['findTarget'],
        admission: found,
        outcome: found,
      });
  });
  test('there is no policy', async () => {
    const { steps, outcome } = await tell({ currentPolicy: () => undefined });
    expect(steps).toEqual(['findTarget', 'currentPolicy']);
    expect(outcome).toMatchObject({ kind: 'refused', reason: 'no-policy', rule: '(no policy)' });
    expect((outcome as Refusal).sentence).toContain('the grant `desk` has no policy');
  });
  test.each([
    ['refuse', 'denied', 'Do not repeat it unchanged; the policy must change first'],
    ['ask', 'approval', 'Approvals are not available in this version; the policy must change first'],
  ] as const)('the policy says %s', async (verdict, reason, remedy) => {
    const shadow = { verdict: 'hidden', rule: '/h', reason: 'hidden' } as never;
    const { steps, outcome } = await tell(decides({ verdict, shadow }));
    expect(steps).toEqual([...deciding, 'checkMirrors']);
    expect(outcome).toEqual({ kind: 'refused', reason, rule: '/r', sentence: 'no', remedy, shadow });
  });
  test('the rule that refuses knows what would pass', async () => {
    const { outcome } = await tell(decides({ verdict: 'refuse', remedy: 'ask for less' }));
    expect(outcome).toMatchObject({ remedy: 'ask for less' });
  });
  test.each(['permit', 'refuse', 'ask', 'hidden'] as const)(
    'the name is absent: the same, whatever the policy says of it (%s), as where it is hidden',
    async (verdict) => {
      const absent = { findTarget: (): Target => ({ kind: 'target', definition: undefined }) };
      const unknown = { kind: 'refused', reason: 'unknown-name', rule: '/r', sentence: '`pay` is unknown', remedy: '' };
      const wrong = { checkMirrors: () => fault(400, -32020, 'its headers tell that it is there', null) };
      expect(await tell({ ...absent, ...decides({ verdict }), ...wrong })).toMatchObject({
        steps: deciding,
        outcome: unknown,
      });
      const hidden = await tell({ ...decides({ verdict: 'hidden' }), ...wrong });
      expect([hidden.steps, hidden.outcome]).toEqual([deciding, unknown]);
    },
  );
  test('its headers are wrong', async () => {
    const wrong = fault(400, -32020, 'they differ', null);
    for (const verdict of ['permit', 'refuse'] as const)
      expect(await tell({ ...decides({ verdict }), checkMirrors: () => wrong })).toMatchObject({
        steps: [...deciding, 'checkMirrors'],
        outcome: wrong,
      });
  });
  test('a limit is reached', async () => {
    const reached = refusal('limit', '/l', 'it is reached', '');
    const { steps, admission, outcome } = await tell({ reserveLimits: async () => reached });
    expect([steps, admission, outcome]).toEqual([admitting, reached, reached]);
  });
  test('the decision is of no known kind', async () => {
    const { steps, outcome } = await tell(decides({ verdict: 'perhaps' as never }));
    expect(steps).toEqual([...deciding, 'checkMirrors']);
    expect(outcome).toMatchObject({ kind: 'refused', reason: 'fault', rule: '(decision)' });
  });
  test.each([...admitting] as (keyof Stages)[])('a defect in %s', async (step) => {
    const { steps, admission, outcome, faults } = await tell({ [step]: failing });
    expect(steps.at(-1)).toBe(step);
    expect(outcome).toBe(admission);
    expect(outcome).toMatchObject({ kind: 'refused', reason: 'fault', rule: '(fault)' });
    // What went wrong is for the log alone.
    expect(JSON.stringify(outcome)).not.toContain('a defect');
    expect(faults).toEqual([['admit', defect]]);
  });
});

describe('a call that was sent is never refused', () => {
  const isReserved = (admission: Admission): admission is Reserved => admission.kind === 'reserved';

  test('a defect while it is sent: nobody knows what became of it', async () => {
    const { steps, admission, outcome, faults } = await tell({ invoke: failing });
    expect([steps, isReserved(admission), faults]).toEqual([all, true, [['perform', defect]]]);
    expect(outcome).toEqual({ kind: 'unknown', why: 'the gateway failed after it began to send' });
  });
  test('a defect while its output is looked at: it is withheld', async () => {
    const inspections: Stages['inspect'][] = [failing, async () => failing()];
    for (const inspect of inspections) {
      const { admission, outcome, faults } = await tell({ inspect });
      expect([isReserved(admission), faults]).toEqual([true, [['inspect', defect]]]);
      expect(outcome).toEqual({ kind: 'withheld', why: 'the gateway failed while it looked at the output' });
    }
  });
  test.each([
    { kind: 'not-sent', why: 'no connection' },
    { kind: 'failed', why: 'HTTP 403', status: 403 },
    { kind: 'unknown', why: 'silence' },
  ] as const)('$kind is an outcome like any', async (reply) => {
    expect(await tell({ invoke: async () => reply })).toMatchObject({ steps: all, outcome: reply });
  });
});

test('what the policy is asked about is what it was decoded to', async () => {
  const asked: unknown[] = [];
  const definition: JsonObject = { name: 'pay' };
  await tell({
    findTarget: () => ({ kind: 'target', definition }),
    decide: (...args) => {
      asked.push(...args);
      return permits;
    },
  });
  expect(asked).toEqual([policy, call, { kind: 'target', definition }]);
});
