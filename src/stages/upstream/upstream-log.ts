import type { ToolList } from './tool-list.ts';

/** What a connection tells the operator. Values of arguments and headers never go here. */
export type UpstreamLog = {
  /** A line of a child's stderr. */
  readonly childSaid: (line: string) => void;
  /** Something from the server that was not passed on. */
  readonly dropped: (why: string) => void;
  /** It says more than anybody waits for, and is read more slowly; each time its reader rests. */
  readonly paced: () => void;
  /** It answers, over HTTP, or a process of it has started and answered. */
  readonly up: () => void;
  /** Its process ended without being asked to, or nothing can be sent to it. */
  readonly down: (why: string, lastWords: readonly string[]) => void;
  /** Its complete list, each time it was asked for. */
  readonly listed: (list: ToolList) => void;
};
