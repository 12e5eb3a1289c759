/** What is known of the request under way on a client's connection. What is done about it is Exchange's and its neighbours'. */
import type { AccessEntry } from "../accesslog/AccessEntry.ts"
import { Affinity } from "../balancing/Affinity.ts"
import type { ClientConnection } from "./ClientConnection.ts"
import type { Deadline } from "./Deadline.ts"
import type { Endpoint } from "./Endpoint.ts"
import type { Exchange } from "./Exchange.ts"
import type { Hedge } from "./Hedging.ts"
import { RequestBody } from "./RequestBody.ts"
import type { Target } from "./Target.ts"
import type { UpstreamConnection } from "./UpstreamConnection.ts"

export abstract class ExchangeState {
  readonly client: ClientConnection
  readonly body = new RequestBody()
  readonly affinity = new Affinity()
  /** What the log and traces tell of it; null where they do not. */
  access: AccessEntry | null = null
  /** Links of the queue it waits in. */
  heldBefore: Exchange | null = null
  heldAfter: Exchange | null = null
  parked = false
  /** Body bytes that the hold budget knows of. */
  heldBytes = 0
  /** When it first waited (monotonic ms), 0 if never. */
  heldSince = 0
  isHead = false
  /** GET or HEAD, and no WebSocket: it may be sent twice at once. */
  isPlainRead = false
  /** A byte of the final response has been given to the client. */
  responded = false
  /** Nothing is under way. */
  over = true
  /** A chunked response is to be sent without its chunks. */
  wantsPlainBody = false
  target: Target | null = null
  idempotent = false
  /** What the client asked for: the connection may carry its next request. */
  keepAlive = false
  /** The connection ends with this response. */
  closeAfter = false
  minorVersion = 1
  continueSent = false
  /** Endpoints at which it has failed. */
  tried: Array<Endpoint> = []
  /** Tries that count against `evenkeel.retry`. */
  retries = 0
  /** No pooled connection is trusted with it any more. */
  freshOnly = false
  sentAt = 0
  /** What to send. */
  head = ""
  connection: UpstreamConnection | null = null
  status = 0
  startedAt = 0
  /** Made with the first request of the connection that needs them. */
  hedge: Hedge | null = null
  deadline: Deadline | null = null

  constructor(client: ClientConnection) {
    this.client = client
  }
}
