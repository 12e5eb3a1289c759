/**
 * The rebalancer: reads the Swarm, feeds the routers, and on the leading manager moves tasks. This module only puts the parts
 * together and takes them apart in order: first the loop stops, then an open move is brought to a safe end, then the servers
 * close.
 *
 * Usage: rebalancer [--help]; everything is set by the environment, see `docs/subsystems/rebalancer.md`.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { randomUUID } from "node:crypto"
import * as Stability from "@evenkeel/executor/Stability"
import type { FeedReading } from "@evenkeel/feed/FeedLog"
import * as FeedServer from "@evenkeel/feed/FeedServer"
import * as AdminServer from "@evenkeel/observability/AdminServer"
import * as EffectMetrics from "@evenkeel/observability/EffectMetrics"
import * as Logging from "@evenkeel/observability/Logging"
import * as Main from "@evenkeel/observability/Main"
import * as PrometheusText from "@evenkeel/observability/PrometheusText"
import * as Settings from "@evenkeel/observability/Settings"
import { NotAManager } from "@evenkeel/swarm-client/EngineErrors"
import * as SwarmClient from "@evenkeel/swarm-client/SwarmClient"
import * as Api from "./Api.ts"
import * as Loop from "./Loop.ts"
import { RebalancerConfig } from "./RebalancerConfig.ts"
import * as Metrics from "./RebalancerMetrics.ts"
import * as RebalancerState from "./RebalancerState.ts"

const usage = `evenkeel rebalancer: moves the fewest tasks that restore the balance of a Docker Swarm

Runs on every manager beside its engine's socket. Settings (environment):
  DOCKER_HOST                              unix:///var/run/docker.sock
  EVENKEEL_REBALANCER_MODE                 observe | act          (observe)
  EVENKEEL_REBALANCER_STABILISATION        calm before a move     (30s)
  EVENKEEL_REBALANCER_STABILITY            calm of a moved task   (5s)
  EVENKEEL_REBALANCER_MOVE_DEADLINE        then it is undone      (2m)
  EVENKEEL_REBALANCER_COOL_DOWN            after a deploy         (15m)
  EVENKEEL_REBALANCER_PORT, _ADMIN_PORT    API and feed; health and metrics (7070, 7071)
  EVENKEEL_TOKEN or EVENKEEL_TOKEN_FILE    shared with the routers
  EVENKEEL_LOG_LEVEL                       debug | info | warning | error (info)
`

const build = PrometheusText.render([
  {
    name: `${Metrics.prefix}build_info`,
    help: "The version that runs.",
    type: "gauge",
    samples: [{ labels: { version: process.env["EVENKEEL_VERSION"] ?? "dev" }, value: 1 }]
  }
])

const program = Effect.gen(function* () {
  const config = yield* Settings.load(RebalancerConfig, process.env)
  const client = yield* SwarmClient.SwarmClient
  const state = yield* Ref.make(RebalancerState.initial)
  const published = yield* SubscriptionRef.make<FeedReading | null>(null)
  const stability = yield* Ref.make(Stability.initial(yield* Clock.currentTimeMillis))
  const parts = { config, state, stability, published }

  const readiness = Effect.map(Ref.get(state), ({ readingFailure }) =>
    readingFailure === null ? { ready: true, reasons: [] } : { ready: false, reasons: [readingFailure] }
  )
  const metrics = Effect.map(
    EffectMetrics.snapshot(Metrics.prefix),
    (families) => `${build}${PrometheusText.render(families)}`
  )
  const host = "0.0.0.0"
  yield* AdminServer.make({ host, port: config.adminPort, readiness, metrics })
  const api = yield* AdminServer.make({
    host,
    port: config.port,
    readiness,
    metrics,
    routes: Api.routes(config, state)
  })
  const self = yield* client.info.pipe(
    Effect.flatMap((info) =>
      info.nodeId === null || !info.isManager
        ? Effect.fail(new NotAManager({ endpoint: client.endpoint }))
        : Effect.succeed({ nodeId: info.nodeId, hostname: info.hostname })
    ),
    Effect.tapError((error) => Effect.logWarning(`${error.message}; asking again`)),
    Effect.retry(Schedule.spaced("2 seconds"))
  )
  yield* FeedServer.attach(api.server, {
    instance: randomUUID(),
    node: self.nodeId,
    hostname: self.hostname,
    token: config.token,
    readings: Stream.filter(published.changes, (reading) => reading !== null)
  })
  yield* Effect.logInfo(`rebalancer on ${self.hostname}, mode ${config.mode}, feed and API on port ${api.port}`)
  yield* Loop.run(parts).pipe(Effect.onInterrupt(() => Loop.finish(parts)))
})

if (process.argv.includes("--help")) process.stdout.write(usage)
else Main.run(Effect.scoped(program).pipe(Effect.provide(SwarmClient.layerFromEnv())), Logging.layer({ level: "info" }))
