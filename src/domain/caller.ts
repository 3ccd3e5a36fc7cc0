/** Who is asking: the owner of a credential. Always present; anonymous local use is a caller too. */
export type Caller = {
  readonly kind: 'caller';
  /** The grant's name; it names the caller in records and rules. */
  readonly id: string;
  readonly grant: string;
  readonly agent: string | undefined;
  readonly groups: readonly string[];
  /** Server ids this grant opens, in the grant's order. */
  readonly servers: readonly string[];
};
