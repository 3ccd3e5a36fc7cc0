/** What became of a call that was sent. `unknown` is an answer: after sending, silence proves nothing. */
export type Reply =
  /** The server answered: one JSON-RPC response, as it wrote it, on one line. */
  | {
      readonly kind: 'replied';
      readonly text: string;
      readonly isError: boolean;
      /** The HTTP status the server answered with; over stdio the one its answer would have had. */
      readonly status: number;
    }
  /** The call ran; what came back is not shown. */
  | { readonly kind: 'withheld'; readonly why: string }
  /** The server turned the request away before running it (HTTP 4xx without a JSON-RPC body). */
  | { readonly kind: 'failed'; readonly why: string; readonly status: number }
  /** Nothing was written to the server: it surely did not happen. */
  | { readonly kind: 'not-sent'; readonly why: string }
  /** Sent, and no answer came. It may have happened. */
  | { readonly kind: 'unknown'; readonly why: string };
