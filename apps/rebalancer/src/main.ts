/**
 * The rebalancer: reads the Swarm, feeds the routers, and on the leading manager moves tasks. This module only puts the parts
 * together and takes them apart in order: first the loop stops, then an open move is brought to a safe end, then the servers
 * close.
 *
 * Usage: rebalancer [--help]; everything is set by the environment, see `docs/subsystems/rebalancer.md`.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { randomUUID } from "node:crypto"
import { hostname } from "node:os"
import * as BrakeSettings from "@evenkeel/executor/brakes/BrakeSettings"
import * as SettingText from "@evenkeel/executor/brakes/SettingText"
import * as FeedServer from "@evenkeel/feed/FeedServer"
import * as AdminServer from "@evenkeel/observability/AdminServer"
import * as EventLoopDelay from "@evenkeel/observability/EventLoopDelay"
import * as EffectMetrics from "@evenkeel/observability/EffectMetrics"
import * as Logging from "@evenkeel/observability/Logging"
import * as Main from "@evenkeel/observability/Main"
import * as PrometheusText from "@evenkeel/observability/PrometheusText"
import * as Settings from "@evenkeel/observability/Settings"
import { NotAManager } from "@evenkeel/swarm-client/EngineErrors"
import * as SwarmClient from "@evenkeel/swarm-client/SwarmClient"
import * as Api from "./Api.ts"
import * as ApiProblem from "./ApiProblem.ts"
import * as ConsentHook from "./ConsentHook.ts"
import * as FeedTls from "./FeedTls.ts"
import * as HttpPost from "./HttpPost.ts"
import * as Loop from "./Loop.ts"
import * as LoopParts from "./LoopParts.ts"
import { RebalancerConfig } from "./RebalancerConfig.ts"
import * as Metrics from "./RebalancerMetrics.ts"
import * as SkewMetrics from "./SkewMetrics.ts"
import * as Telling from "./Telling.ts"
import * as Webhook from "./Webhook.ts"

const brakeLines = BrakeSettings.keys.map((key) => {
  const { meaning, variable } = BrakeSettings.docs[key]
  const value = SettingText.format(key, BrakeSettings.defaults)
  return `  ${variable.padEnd(43)}${meaning.replaceAll("`", "")}${value === "" ? "" : ` (${value})`}`
})

const usage = `evenkeel rebalancer: moves the fewest tasks that restore the balance of a Docker Swarm

Runs on every manager beside its engine's socket. Settings (environment):
  DOCKER_HOST                              unix:///var/run/docker.sock
  EVENKEEL_REBALANCER_STABILITY            calm of a moved task (5s)
  EVENKEEL_REBALANCER_MOVE_DEADLINE        then it is undone (2m)
  EVENKEEL_REBALANCER_HOST, _PORT          API and feed (0.0.0.0, 7070)
  EVENKEEL_REBALANCER_ADMIN_HOST, _PORT    health and metrics (0.0.0.0, 7071)
  EVENKEEL_REBALANCER_WEBHOOK_URL          is told of moves; or _FILE
  EVENKEEL_REBALANCER_CONSENT_URL          is asked before each move; or _FILE
  EVENKEEL_REBALANCER_FEED_TLS_CERT, _KEY  PEM; API and feed over TLS; or _FILE
  EVENKEEL_TOKEN or EVENKEEL_TOKEN_FILE    shared with routers and operators
  EVENKEEL_LOG_LEVEL                       debug | info | warning | error (info)
Brakes, which the policy in the Swarm may override (evenkeel policy):
${brakeLines.join("\n")}
`

const version = process.env["EVENKEEL_VERSION"] ?? "dev"

const build: ReadonlyArray<PrometheusText.MetricFamily> = [
  {
    name: `${Metrics.prefix}build_info`,
    help: "The version that runs.",
    type: "gauge",
    samples: [{ labels: { version }, value: 1 }]
  }
]

const program = Effect.gen(function* () {
  const config = yield* Settings.load(RebalancerConfig, process.env)
  const tls = yield* FeedTls.load(config)
  const client = yield* SwarmClient.SwarmClient
  const self = yield* Ref.make({ nodeId: "", hostname: hostname() })
  const webhook = yield* Webhook.make(config.webhookUrl, hostname())
  const parts = yield* LoopParts.make({ config, webhook, consent: yield* ConsentHook.make(config.consentUrl) })
  const routers = yield* Ref.make<Effect.Effect<number | null>>(Effect.succeed(null))

  const readiness = Effect.map(Ref.get(parts.state), ({ readingFailure }) =>
    readingFailure === null ? { ready: true, reasons: [] } : { ready: false, reasons: [readingFailure] }
  )
  const delay = yield* Effect.acquireRelease(Effect.sync(EventLoopDelay.start), ({ stop }) => Effect.sync(stop))
  const metrics = Effect.zipWith(EffectMetrics.snapshot(Metrics.prefix), Ref.get(parts.state), (families, state) =>
    PrometheusText.render([
      ...build,
      ...families,
      ...delay.families(Metrics.prefix),
      ...SkewMetrics.families(state.snapshot)
    ])
  )
  yield* AdminServer.make({ host: config.adminHost, port: config.adminPort, readiness, metrics })
  const about = Effect.gen(function* () {
    return { version, hostname: (yield* Ref.get(self)).hostname, routers: yield* Effect.flatten(Ref.get(routers)) }
  })
  const api = yield* AdminServer.make({
    host: config.host,
    port: config.port,
    tls,
    readiness,
    metrics,
    routes: Api.routes(parts, about),
    ownPages: false,
    problem: ApiProblem.ofServer
  })
  const { nodeId } = yield* client.info.pipe(
    Effect.flatMap((info) =>
      info.nodeId === null || !info.isManager
        ? Effect.fail(new NotAManager({ endpoint: client.endpoint }))
        : Effect.succeed({ nodeId: info.nodeId, hostname: info.hostname })
    ),
    Effect.tap((found) => Ref.set(self, found)),
    Effect.tapError((error) =>
      Effect.zipRight(
        Metrics.countApiError("read", error._tag),
        Telling.warning("start-failed", `${error.message}; asking again`)
      )
    ),
    Effect.retry(Schedule.spaced("2 seconds"))
  )
  const own = yield* Ref.get(self)
  const feed = yield* FeedServer.attach(api.server, {
    instance: randomUUID(),
    node: nodeId,
    hostname: own.hostname,
    token: config.token,
    readings: Stream.filter(parts.published.changes, (reading) => reading !== null)
  })
  yield* Ref.set(
    routers,
    Effect.map(feed.stats, (stats) => stats.routers)
  )
  const mode = config.settings.mode
  // Shown from the beginning, so that the first one is a change.
  yield* Metric.incrementBy(Metrics.journalRecovered, 0)
  yield* Telling.info("started", `rebalancer on ${own.hostname}, mode ${mode} unless the policy says otherwise`, {
    version,
    port: api.port,
    tls: tls !== null
  })
  yield* Loop.run(parts).pipe(Effect.onInterrupt(() => Loop.finish(parts)))
})

const layers = Layer.merge(SwarmClient.layerFromEnv(), HttpPost.layer)

if (process.argv.includes("--help")) process.stdout.write(usage)
else
  Main.run(
    Effect.flatMap(Settings.load(Logging.level, process.env), (least) =>
      Effect.scoped(program).pipe(Effect.provide(layers), Logging.withLevel(least))
    ),
    // The least of all, so that a lower level can be asked for.
    Logging.layer({ level: "debug" })
  )
