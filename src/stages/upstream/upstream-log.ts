/** What a connection tells the operator. Values of arguments and headers never go here. */
export type UpstreamLog = {
  /** A line of a child's stderr. */
  readonly childSaid: (line: string) => void;
  /** Something from the server that was not passed on. */
  readonly dropped: (why: string) => void;
  /** The server's process ended, or it cannot be reached. */
  readonly down: (why: string, lastWords: readonly string[]) => void;
};
