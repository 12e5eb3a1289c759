/**
 * The routing table in force, from every rebalancer that can be found: a fixed list of feeds, or a DNS name whose addresses
 * are looked up each second. Follows all of them, lets `FeedChoice` choose, and keeps the last good table when all are gone.
 */
import type { NodeId } from "@evenkeel/domain/Ids"
import type { RoutingTable } from "@evenkeel/domain/RoutingTable"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { promises as dns } from "node:dns"
import * as FeedChoice from "./FeedChoice.ts"
import * as FeedClient from "./FeedClient.ts"
import { type FeedVersion, path } from "./FeedProtocol.ts"

/** Represents a name without an address at the moment. */
export class RebalancersUnresolved extends Schema.TaggedError<RebalancersUnresolved>()("RebalancersUnresolved", {
  name: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `cannot find rebalancers by the name ${this.name} (${this.reason}); check EVENKEEL_FEED_DNS and that both share a network`
  }
}

export type Resolve = (name: string) => Effect.Effect<ReadonlyArray<string>, RebalancersUnresolved>

/** IPv4 addresses by the resolvers of the system, asked anew each time. */
export const resolve4: Resolve = (name) =>
  Effect.tryPromise({
    try: () => dns.resolve4(name),
    catch: (error) => {
      const reason = error instanceof Error && "code" in error ? String(error.code) : String(error)
      return new RebalancersUnresolved({ name, reason })
    }
  })

export interface FeedSubscriptionOptions {
  readonly node: NodeId
  readonly token: Option.Option<Redacted.Redacted>
  /** Feeds that are always followed, e.g. `ws://10.0.0.5:7070/feed`. */
  readonly urls: ReadonlyArray<string>
  /** A name whose every address is a rebalancer, e.g. `tasks.rebalancer`. */
  readonly dns?: {
    readonly name: string
    readonly port: number
    /** Whether feeds found by the name are spoken to over TLS. Default: no. */
    readonly secure?: boolean
    readonly resolve?: Resolve
  }
  readonly tls?: FeedClient.FeedTls
  /** A table to begin with where no feed has given one after `afterMillis`; every feed that is not behind it outranks it. */
  readonly fallback?: {
    readonly afterMillis: number
    readonly read: Effect.Effect<Option.Option<NonNullable<FeedChoice.Choice["current"]>>>
  }
}

/** One feed as it stands, for metrics and for people. */
export interface FeedSource {
  readonly url: string
  readonly connected: boolean
  readonly hostname: string | null
  readonly version: FeedVersion | null
  readonly heardAtMillis: number
}

export interface FeedView {
  /** In force; null until the first one. The same object as long as it stays the same. */
  readonly table: RoutingTable | null
  readonly version: FeedVersion | null
  /** The feed it came by; it may be gone. */
  readonly source: string | null
  readonly sources: ReadonlyArray<FeedSource>
}

const recheck = Schedule.spaced(1_000)

interface State {
  readonly choice: FeedChoice.Choice
  readonly feeds: ReadonlyMap<string, FeedClient.FeedState>
}

const viewOf = ({ choice, feeds }: State): FeedView => ({
  table: choice.current?.table ?? null,
  version: choice.current?.version ?? null,
  source: choice.current?.source ?? null,
  sources: [...feeds.values()].map(({ connected, heardAtMillis, held, server, url }) => ({
    url,
    connected,
    hostname: server?.hostname ?? null,
    version: held?.version ?? null,
    heardAtMillis
  }))
})

const chosen = (state: State, nowMillis: number): State => {
  const candidates = [...state.feeds.values()].flatMap(({ connected, held, url }) =>
    held === null ? [] : [{ source: url, connected, ...held }]
  )
  return { ...state, choice: FeedChoice.choose(state.choice, candidates, nowMillis) }
}

/** Follows until the scope closes. */
export const make = Effect.fn("FeedSubscription.make")(function* (
  options: FeedSubscriptionOptions
): Effect.fn.Return<SubscriptionRef.SubscriptionRef<FeedView>, never, Scope.Scope> {
  const { node, tls, token } = options
  let state: State = { choice: FeedChoice.none, feeds: new Map() }
  const view = yield* SubscriptionRef.make(viewOf(state))
  const clients = yield* FiberMap.make<string>()
  /** One change at a time: state and view never disagree. */
  const turn = yield* Effect.makeSemaphore(1)

  const change = (step: (feeds: Map<string, FeedClient.FeedState>) => void) =>
    turn.withPermits(1)(
      Effect.gen(function* () {
        const feeds = new Map(state.feeds)
        step(feeds)
        state = chosen({ ...state, feeds }, yield* Clock.currentTimeMillis)
        yield* SubscriptionRef.set(view, viewOf(state))
      })
    )

  const follow = (url: string) =>
    FiberMap.run(
      clients,
      url,
      FeedClient.follow({ url, node, token, ...(tls === undefined ? {} : { tls }) }, (feed) =>
        change((feeds) => void feeds.set(url, feed))
      ),
      { onlyIfMissing: true }
    )

  const forget = (url: string) =>
    Effect.zipRight(
      FiberMap.remove(clients, url),
      change((feeds) => void feeds.delete(url))
    )

  yield* Effect.forEach(options.urls, follow, { discard: true })

  if (options.dns !== undefined) {
    const { name, port, resolve = resolve4, secure = false } = options.dns
    let wasFound = true
    const look = Effect.gen(function* () {
      const scheme = secure ? "wss" : "ws"
      const urls = (yield* resolve(name)).map((address) => `${scheme}://${address}:${port}${path}`)
      if (!wasFound) yield* Effect.logInfo("found rebalancers again").pipe(Effect.annotateLogs({ name }))
      wasFound = true
      yield* Effect.forEach(urls, follow, { discard: true })
      // An address that is no longer listed goes once its connection does: DNS may lag behind, in either direction.
      const gone = [...state.feeds.values()].filter(
        ({ connected, url }) => !connected && !urls.includes(url) && !options.urls.includes(url)
      )
      yield* Effect.forEach(gone, ({ url }) => forget(url), { discard: true })
    }).pipe(
      Effect.catchTag("RebalancersUnresolved", (error) => {
        const isNews = wasFound
        wasFound = false
        return isNews ? Effect.logWarning(error.message) : Effect.void
      })
    )
    yield* Effect.forkScoped(Effect.repeat(look, recheck))
  }
  const { fallback } = options
  if (fallback !== undefined) {
    const begin = Effect.gen(function* () {
      yield* Effect.sleep(fallback.afterMillis)
      if (state.choice.current !== null) return
      const current = Option.getOrNull(yield* fallback.read)
      if (current === null) return
      yield* change(() => {
        // A feed may have been quicker than the reading.
        if (state.choice.current === null) state = { ...state, choice: { current, behindSinceMillis: null } }
      })
    })
    yield* Effect.forkScoped(begin)
  }
  // Time alone may change the choice.
  yield* Effect.forkScoped(
    Effect.schedule(
      change(() => undefined),
      recheck
    )
  )
  return view
})
