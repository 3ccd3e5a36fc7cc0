import type { ConfigFile } from './schema.ts';

/** What is held at once, by its key in `bounds:`; `children` are those of one server. */
export const BOUNDS = {
  bodyBytesMax: 4 * 1024 * 1024,
  headerBytesMax: 16 * 1024,
  responseBytesMax: 16 * 1024 * 1024,
  unreadBytesMax: 1024 * 1024,
  /** Of connections without a request, and of a request until its body has come. */
  idleMsMax: 300_000,
  sessionsMax: 10_000,
  streamsMax: 1_024,
  callsMax: 1_000,
  childrenMax: 16,
} as const;

export type Bounds = Readonly<Record<keyof typeof BOUNDS, number>>;

/** Those in force, of which a file writes some. */
export function boundsOf(written: ConfigFile['bounds']): Bounds {
  return {
    bodyBytesMax: written?.body ?? BOUNDS.bodyBytesMax,
    headerBytesMax: written?.header ?? BOUNDS.headerBytesMax,
    responseBytesMax: written?.response ?? BOUNDS.responseBytesMax,
    unreadBytesMax: written?.unread ?? BOUNDS.unreadBytesMax,
    idleMsMax: written?.idle ?? BOUNDS.idleMsMax,
    sessionsMax: written?.sessions ?? BOUNDS.sessionsMax,
    streamsMax: written?.streams ?? BOUNDS.streamsMax,
    callsMax: written?.calls ?? BOUNDS.callsMax,
    childrenMax: written?.children ?? BOUNDS.childrenMax,
  };
}

type Key = keyof NonNullable<ConfigFile['bounds']>;

export function boundKeys(bounds: Bounds): readonly Key[] {
  return Object.keys(boundsWritten(bounds)) as Key[];
}

/** As a file would write them. */
export function boundsWritten(bounds: Bounds): Readonly<Record<Key, number | string>> {
  return {
    body: bounds.bodyBytesMax,
    header: bounds.headerBytesMax,
    response: bounds.responseBytesMax,
    unread: bounds.unreadBytesMax,
    idle: `${bounds.idleMsMax}ms`,
    sessions: bounds.sessionsMax,
    streams: bounds.streamsMax,
    calls: bounds.callsMax,
    children: bounds.childrenMax,
  };
}
