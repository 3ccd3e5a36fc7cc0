/** What a connection tells the operator. Values of arguments and headers never go here. */
export type UpstreamLog = {
  /** A line of a child's stderr. */
  readonly childSaid: (line: string) => void;
  /** Something from the server that was not passed on. */
  readonly dropped: (why: string) => void;
  /** A process of it has started and answered. */
  readonly up: () => void;
  /** The server's process ended without being asked to. */
  readonly down: (why: string, lastWords: readonly string[]) => void;
};
