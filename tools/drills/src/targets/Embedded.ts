/**
 * The embedded Swarm as a target: in this process, faster than the clock, with the deployed rebalancer as a process on the
 * socket of each manager. Nodes that join later are there from the beginning, but have never been heard of.
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { defaults } from "@evenkeel/swarm-sim/server/SimOptions"
import * as SimServer from "@evenkeel/swarm-sim/server/SimServer"
import { virtual } from "@evenkeel/swarm-sim/swarm/VirtualRuntime"
import { defaultBrakes, type Drill } from "../Drill.ts"
import { call } from "../EngineCall.ts"
import * as SwarmReading from "../SwarmReading.ts"
import { type Target, TargetFailed } from "../Target.ts"
import * as CommitSamples from "./CommitSamples.ts"
import * as RebalancerProcess from "./RebalancerProcess.ts"
import * as ToldMetrics from "./ToldMetrics.ts"

export interface EmbeddedOptions {
  readonly speed: number
  readonly seed: number
  readonly withoutRebalancer: boolean
  /** The rebalancer's bundle. */
  readonly bundle: string
  /** Where the rebalancers' logs are kept; null: nowhere. */
  readonly logs: string | null
}

const images = { sound: "drill/sound:1", fragile: "drill/fragile:1" }

/** As Swarm does: at once, but for its restart delay. */
const restartDelaySeconds = 5

const rebalancerPatience = "60 seconds"

const pathOf = (endpoint: string): string => endpoint.replace(/^unix:\/\//, "")

export const make = Effect.fn("Embedded.make")(function* (drill: Drill, options: EmbeddedOptions) {
  const { bundle, seed, speed } = options
  if (!options.withoutRebalancer && !existsSync(bundle))
    return yield* new TargetFailed({
      what: "start the rebalancer",
      reason: `there is no ${bundle}; npx nx build rebalancer`
    })
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "evenkeel-drill-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  const broken = new Set<string>()
  const runtime = virtual({
    behaviour: ({ hostname, spec }) => {
      const { Image } = (spec["ContainerSpec"] ?? {}) as { readonly Image?: unknown }
      return { isImageMissing: Image === images.fragile && broken.has(hostname) }
    }
  })
  const server = yield* Effect.mapError(
    SimServer.make(
      {
        ...defaults,
        nodes: drill.nodes.length,
        managers: drill.managers,
        socketsFolder: join(folder, "sockets"),
        speed,
        seed
      },
      () => undefined,
      { swarm: { nodes: drill.nodes.map(({ name, labels = {} }) => ({ hostname: name, labels })), runtime } }
    ),
    ({ message }) => new TargetFailed({ what: "start the embedded Swarm", reason: message })
  )
  const control = pathOf(server.addresses.control)
  const nodes = server.addresses.nodes.map(({ endpoint, hostname, manager }) => ({
    name: hostname,
    socketPath: pathOf(endpoint),
    isManager: manager
  }))
  const hostnames = new Map(server.addresses.nodes.map(({ hostname, id }) => [id, hostname]))

  const rebalancers = yield* Effect.forEach(
    options.withoutRebalancer ? [] : nodes.filter((node) => node.isManager),
    (node) =>
      RebalancerProcess.make({
        node: node.name,
        socketPath: node.socketPath,
        bundle,
        logFile: join(options.logs ?? folder, `${drill.name}-${node.name}.log`),
        brakes: { ...defaultBrakes, ...drill.brakes },
        speed
      })
  )
  yield* Effect.forEach(rebalancers, ({ start }) => start)
  // What they have not seen before a drill begins they cannot judge by.
  yield* Effect.forEach(rebalancers, ({ metrics }) => metrics, { concurrency: "unbounded" }).pipe(
    Effect.repeat({ until: ToldMetrics.haveRead, schedule: Schedule.spaced("100 millis") }),
    Effect.timeoutFail({
      duration: rebalancerPatience,
      onTimeout: () =>
        new TargetFailed({
          what: "start the rebalancers",
          reason: `not all have read the Swarm; --logs keeps what they say`
        })
    })
  )
  const on = (node: string) => rebalancers.filter((rebalancer) => rebalancer.node === node)

  const fault: Target["fault"] = (kind, node) =>
    Effect.gen(function* () {
      if (kind === "crash") yield* Effect.forEach(on(node), ({ kill }) => kill)
      yield* call(control, "/_sim/faults", { method: "POST", body: JSON.stringify({ _tag: kind, node }) })
      if (kind === "restore") yield* Effect.forEach(on(node), ({ start }) => start)
    }).pipe(Effect.mapError(({ message }) => new TargetFailed({ what: `${kind} ${node}`, reason: message })))

  const traced = yield* Ref.make(CommitSamples.nothing)
  const samples = Effect.gen(function* () {
    const before = yield* Ref.get(traced)
    const text = yield* call(control, `/_sim/trace?since=${before.index}`)
    const followed = CommitSamples.follow(
      before,
      text.split("\n").filter((line) => line !== ""),
      hostnames
    )
    yield* Ref.set(traced, followed.traced)
    return followed.samples
  }).pipe(Effect.mapError(({ message }) => new TargetFailed({ what: "read the trace", reason: message })))

  yield* Effect.forEach(
    drill.nodes.filter(({ joinsLater }) => joinsLater === true),
    ({ name }) => fault("crash", name)
  )
  const isUnheardOf = Effect.map(SwarmReading.nodes(nodes[0]?.socketPath ?? ""), (seen) =>
    drill.nodes.every(
      ({ joinsLater, name }) => joinsLater !== true || seen.some((node) => node.name === name && node.state === "down")
    )
  )
  yield* isUnheardOf.pipe(
    Effect.repeat({ until: (isSo) => isSo, schedule: Schedule.spaced("50 millis") }),
    Effect.mapError(({ message }) => new TargetFailed({ what: "wait for the nodes that are to join", reason: message }))
  )
  return {
    speed,
    nodes,
    images,
    fault,
    join: (node) => fault("restore", node),
    killRebalancer: (node) =>
      Effect.forEach(on(node), ({ kill, start }) =>
        kill.pipe(Effect.zipRight(Effect.sleep((restartDelaySeconds * 1000) / speed)), Effect.zipRight(start))
      ).pipe(Effect.asVoid),
    setImage: (node, isThere) => Effect.sync(() => void (isThere ? broken.delete(node) : broken.add(node))),
    told: Effect.map(
      Effect.forEach(rebalancers, ({ metrics }) => metrics, { concurrency: "unbounded" }),
      ToldMetrics.read
    ),
    samples
  } satisfies Target
})
