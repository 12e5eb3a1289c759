/** What the parts of one proxy share. */
import type { RequestHead } from "@evenkeel/http1/RequestHead"
import type { ResponseHead } from "@evenkeel/http1/ResponseHead"
import type { RequestObserver } from "../accesslog/RequestObserver.ts"
import type { StickyCookies } from "../balancing/Sticky.ts"
import type { UpstreamTls } from "../tls/UpstreamTls.ts"
import type { ClientConnection } from "./ClientConnection.ts"
import type { Fleet } from "./Fleet.ts"
import type { HoldBudget } from "./HoldQueue.ts"
import type { Limits } from "./Limits.ts"
import type { ProxyEvent } from "./ProxyEvent.ts"
import type { Totals } from "./ProxyStats.ts"
import type { Peers } from "./Peers.ts"
import type { ReadBuffers } from "./ReadBuffers.ts"
import type { TimerWheel } from "./TimerWheel.ts"

export interface ProxyContext {
  readonly limits: Limits
  readonly now: () => number
  readonly random: () => number
  readonly emit: (event: ProxyEvent) => void
  readonly wheel: TimerWheel
  readonly totals: Totals
  readonly holdBudget: HoldBudget
  readonly fleet: Fleet
  readonly peers: Peers
  readonly buffers: ReadBuffers
  readonly cookies: StickyCookies
  readonly upstreamTls: UpstreamTls
  /** Null: nobody is told of requests. */
  readonly observer: RequestObserver | null
  /** The port that clients find TLS at, for redirects. */
  readonly httpsPort: number
  /** For `Via`, and to know requests that come round again. */
  readonly pseudonym: string
  /** Scratch space: what they hold is read before the event that filled them is over. */
  readonly requestHead: RequestHead
  readonly responseHead: ResponseHead
  readonly onClientClosed: (connection: ClientConnection) => void
  /** Set once the proxy shuts down: responses then say `Connection: close`. */
  closing: boolean
  /** `Date: …` of the current second, with its CR LF. */
  dateLine: string
}
