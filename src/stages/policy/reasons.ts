/**
 * Every sentence that a refusal by policy can begin with when nothing was written for the agent. The reference page is
 * made of this list; a test holds decisions and list against each other, both ways.
 */
export interface ReasonKind {
  readonly name: string;
  /** What the sentence looks like. */
  readonly pattern: RegExp;
  /** The sentence, with … for what varies. */
  readonly sentence: string;
  /** What is behind it. */
  readonly meaning: string;
  /** What to do. */
  readonly fix: string;
}

export const reasonKinds: readonly ReasonKind[] = [
  {
    name: 'no policy',
    pattern: /^no policy is set for this caller, so every call is refused$/,
    sentence: 'no policy is set for this caller, so every call is refused',
    meaning: 'the grant has no policy; the rule is `(no policy)`',
    fix: 'give the grant a `policy` in the configuration',
  },
  {
    name: 'hidden',
    pattern: /^this tool is hidden$/,
    sentence: 'this tool is hidden',
    meaning: 'a `hide` names the tool; the agent is told that there is no such tool, this sentence is for records only',
    fix: 'take the name or glob out of `hide`',
  },
  {
    name: 'not listed',
    pattern: /^no rule allows this tool$/,
    sentence: 'no rule allows this tool',
    meaning: 'no entry lists the tool, and `default` is deny',
    fix: 'list it, for example `tools: { get_me: {} }`',
  },
  {
    name: 'denied',
    pattern: /^this tool is denied$/,
    sentence: 'this tool is denied',
    meaning: '`action: deny`, or a `deny_if` without conditions',
    fix: 'nothing passes; write a `reason` that tells the agent what to do instead',
  },
  {
    name: 'denied where',
    pattern: /^this tool is denied where .+$/s,
    sentence: 'this tool is denied where …',
    meaning: 'a `deny_if` holds; the sentence lists its conditions',
    fix: 'call with other values; write `on_deny` to say it in your own words',
  },
  {
    name: 'allowed only where',
    pattern: /^this tool is allowed only where .+$/s,
    sentence: 'this tool is allowed only where …',
    meaning: 'a `require` does not hold; the sentence lists its conditions and names an argument that is missing',
    fix: 'call with values that satisfy it; write `on_deny` to say it in your own words',
  },
  {
    name: 'cannot be judged',
    pattern: /^a rule cannot be judged: .+$/s,
    sentence: 'a rule cannot be judged: …',
    meaning:
      'a value is there that the operator cannot take, or an expression errs; an error refuses in `require`, `deny_if` and `approval.if` alike',
    fix: 'send the argument in the type the sentence names, or check the rule with `policy explain`',
  },
  {
    name: 'arguments do not fit',
    pattern: /^(?:the tool’s schema names no |the argument |`arguments).+$/s,
    sentence: '`arguments` … the tool’s schema …',
    meaning: '`arguments: schema`, or `validate.required_args` in the older dialect: the call breaks the pinned schema',
    fix: 'send what the schema asks for and nothing that it does not name',
  },
  {
    name: 'arguments cannot be checked',
    pattern: /^the arguments cannot be checked: .+$/s,
    sentence: 'the arguments cannot be checked: …',
    meaning: 'no schema is pinned, or the server’s schema is too large, refers outside itself or cannot be compiled',
    fix: 'pin the tool, or take `arguments: schema` out of its entry',
  },
  {
    name: 'expression and schema',
    pattern: /^the expression .+ does not fit the tool’s schema: .+$/s,
    sentence: 'the expression … does not fit the tool’s schema: …',
    meaning: 'a CEL expression reads an argument that the pinned schema does not have, or in another type',
    fix: 'correct the expression; `policy check --catalogue` finds it before a call does',
  },
  {
    name: 'amount',
    pattern: /^the amount of a limit cannot be counted: it .+$/s,
    sentence: 'the amount of a limit cannot be counted: it …',
    meaning: 'the amount is missing, negative, no number, has more than 18 fraction digits, or is too large',
    fix: 'send the argument as a number or a decimal in a string',
  },
  {
    name: 'approval',
    pattern: /^a person must approve this call$/,
    sentence: 'a person must approve this call',
    meaning: '`action: require_approval`, and no approval for exactly this call',
    fix: 'wait for the approval and repeat the same call',
  },
];
