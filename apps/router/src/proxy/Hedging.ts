/**
 * Sending a GET or HEAD that is slow to be answered to a second task as well (`evenkeel.hedge`; Dean and Barroso, "The Tail at Scale",
 * 2013). The first whose response begins answers the client; the other's connection is destroyed, and it is not thought the worse of.
 * Answers of 502, 503 and 504 do not win while the other may still answer better. At most one further copy, within the budget of
 * retries, never to the same task; a request that is bound to its task by `hash:…` or a cookie has none, nor has one for a WebSocket.
 */
import { noKey } from "../balancing/Affinity.ts"
import { noteAnswer } from "./Ejection.ts"
import type { Endpoint } from "./Endpoint.ts"
import type { Exchange } from "./Exchange.ts"
import { FirstByteTimes } from "./FirstByteTimes.ts"
import type { ProxyContext } from "./ProxyContext.ts"
import type { HedgeResult } from "./ProxyStats.ts"
import { sendRequest } from "./RequestSending.ts"
import { choose } from "./Selection.ts"
import type { UpstreamConnection } from "./UpstreamConnection.ts"
import { dropConnection, takeConnection } from "./UpstreamPool.ts"

/** Below this `p95` sends nothing twice: the copy would hardly be sooner. */
const shortestP95Ms = 5

/** The second copy of an exchange's requests, one after another. Made with the first request that may need it. */
export class Hedge {
  private readonly context: ProxyContext
  private readonly exchange: Exchange
  private timer: NodeJS.Timeout | null = null
  /** The request under way has had its chance. */
  private spent = false
  /** To the second task; null while there is no copy. */
  private connection: UpstreamConnection | null = null

  constructor(context: ProxyContext, exchange: Exchange) {
    this.context = context
    this.exchange = exchange
  }

  /** The request goes to a task; after `ms` without an answer it goes to another too. */
  arm(ms: number): void {
    if (this.spent) return
    this.spent = true
    // Not the timer wheel: its tick is longer than most delays.
    this.timer = setTimeout(fire, Math.max(1, Math.round(ms)), this)
  }

  fire(): void {
    this.timer = null
    const { context, exchange } = this
    const { connection: first, target, tried } = exchange
    if (exchange.over || exchange.responded || first === null || target === null) return
    const now = context.now()
    const endpoint = choose(target, [...tried, first.endpoint], now, context.random, exchange.affinity)
    const fits = endpoint !== null && endpoint !== first.endpoint && !tried.includes(endpoint)
    if (!fits || !endpoint.admits(now) || endpoint.isOut()) return target.stats.hedged("no-endpoint")
    if (!target.budget.take(now)) return target.stats.hedged("no-budget")
    const connection = takeConnection(context, endpoint, exchange, exchange.freshOnly ? 0 : Infinity, now)
    this.connection = connection
    if (connection.reused) sendRequest(context, exchange, connection, now)
  }

  /**
   * A response with `status` begins on `connection`. Returns whether it goes to the client: the other copy is given up then. Else it is
   * given up itself, and the other goes on.
   */
  settle(connection: UpstreamConnection, status: number): boolean {
    const { context, exchange } = this
    this.disarm()
    const second = this.connection
    const first = exchange.connection
    if (second === null || first === null) return true
    const now = context.now()
    if (status >= 502 && status <= 504) {
      connection.endpoint.observe(now - connection.sentAt, now)
      noteAnswer(context, connection, status, now)
      connection.probe = false
      exchange.tried.push(connection.endpoint)
      this.carryOnWithout(connection)
      return false
    }
    const loser = connection === first ? second : first
    this.count(connection === first ? "lost" : "won")
    this.connection = null
    if (connection === second) this.takeOver(second, first)
    if (loser.written) noteSlowness(loser.endpoint, now - loser.sentAt, now)
    dropConnection(loser)
    return true
  }

  /** `connection` has failed. Returns whether the other copy is still under way, and the request with it. */
  survives(connection: UpstreamConnection): boolean {
    if (this.connection === null || this.exchange.connection === null) return false
    this.carryOnWithout(connection)
    return true
  }

  /** Whether an interim response on `connection` is passed on. One that comes before a copy was sent is a sign of life. */
  passesInterim(connection: UpstreamConnection): boolean {
    this.disarm()
    return connection !== this.connection
  }

  /** The request is over. */
  end(): void {
    this.spent = false
    this.disarm()
    const { connection } = this
    if (connection === null) return
    this.connection = null
    this.count("left")
    dropConnection(connection)
  }

  private carryOnWithout(connection: UpstreamConnection): void {
    const second = this.connection
    this.connection = null
    // Whether the second, where the first has failed, answers in the end is not followed any further.
    this.count(connection === second ? "failed" : "won")
    if (connection !== second && second !== null) this.takeOver(second, connection)
    dropConnection(connection)
  }

  /** The second copy is the request's only one from now on. */
  private takeOver(second: UpstreamConnection, first: UpstreamConnection): void {
    const { exchange } = this
    exchange.connection = second
    if (!first.written) exchange.sentAt = second.sentAt
    if (exchange.access !== null) exchange.access.endpoint = second.endpoint
  }

  private disarm(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
  }

  private count(result: HedgeResult): void {
    this.exchange.target?.stats.hedged(result)
  }
}

const fire = (hedge: Hedge): void => hedge.fire()

/** It took so long at least, and would have taken longer: nothing is learnt from that if it is what was expected. */
const noteSlowness = (endpoint: Endpoint, ms: number, now: number): void => {
  if (ms > endpoint.latency(now)) endpoint.observe(ms, now)
}

/** Whether a request is to be answered by the task it was sent to and no other. */
export const isBound = ({ affinity, target }: Exchange): boolean =>
  target !== null &&
  ((target.policy.kind === "hash" && affinity.key !== noKey) ||
    (target.policy.kind === "sticky" && affinity.endpoint !== null))

/** To be called when a request goes to `endpoint`, whose service wants hedging. */
export const armHedge = (context: ProxyContext, exchange: Exchange, endpoint: Endpoint, now: number): void => {
  const { target } = exchange
  const { hedgeAfter } = endpoint.service
  if (target === null || hedgeAfter === null || !exchange.isPlainRead || exchange.body.hasBody || isBound(exchange))
    return
  let delay: number
  if (hedgeAfter === "p95") {
    target.firstBytes ??= new FirstByteTimes()
    delay = target.firstBytes.p95(now)
    if (delay === Infinity) return
    delay = Math.max(shortestP95Ms, delay)
  } else delay = hedgeAfter
  exchange.hedge ??= new Hedge(context, exchange)
  exchange.hedge.arm(delay)
}
