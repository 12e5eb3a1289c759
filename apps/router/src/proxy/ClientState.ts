/**
 * What a client's connection may be in; `ClientConnection` decides which. Up to `head` the next request may begin.
 *
 * - `expiring`: idle for too long, and ended unless a request has come already and only has not been read.
 * - `lingering`: all is said, and the client may read it before the connection goes.
 */
export const ClientState = { expiring: 0, idle: 1, head: 2, busy: 3, tunnel: 4, lingering: 5, closed: 6 } as const
export type ClientState = (typeof ClientState)[keyof typeof ClientState]
