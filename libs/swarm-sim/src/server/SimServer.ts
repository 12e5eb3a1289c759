/**
 * An embedded Swarm with its endpoints: one engine on a socket for each node, and the simulation on one of its own. Lives as
 * long as the scope; nothing of it is left afterwards. In this process, so tests and commands can have one.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { ApiFaults } from "../api/ApiFaults.ts"
import type { Control } from "../api/ControlRoutes.ts"
import { Endpoint, type ListenAddress } from "../api/Endpoint.ts"
import type { Engine, Schedule as EngineSchedule } from "../api/Engine.ts"
import { defaultIdentity, type EngineIdentity } from "../api/EngineIdentity.ts"
import { idOf } from "../api/EngineText.ts"
import { EventFeed } from "../api/EventFeed.ts"
import { hasLoopbackRange } from "../runtime/LoopbackAddresses.ts"
import { loopbackRuntime } from "../runtime/LoopbackRuntime.ts"
import { loadWorkload, type Workload } from "../runtime/Workload.ts"
import { textAt } from "../swarm/Json.ts"
import { Swarm } from "../swarm/Swarm.ts"
import * as SwarmDriver from "../swarm/SwarmDriver.ts"
import type { SwarmOptions } from "../swarm/SwarmOptions.ts"
import type { Fault, NodeCondition, SwarmPort } from "../swarm/SwarmPort.ts"
import type { MakeRuntime } from "../swarm/TaskRuntime.ts"
import { CommitTrace } from "./CommitTrace.ts"
import type { SimOptions } from "./SimOptions.ts"

/** Represents an embedded Swarm that could not be set up: an address that is taken, a workload that cannot be loaded. */
export class SimServerFailed extends Schema.TaggedError<SimServerFailed>()("SimServerFailed", {
  what: Schema.String,
  cause: Schema.Defect
}) {
  override get message(): string {
    const reason = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `the embedded Swarm cannot ${this.what}: ${reason}`
  }
}

/** As DOCKER_HOST would name them. */
export interface SimAddresses {
  /** Where the simulation itself answers, under `/_sim`. */
  readonly control: string
  readonly nodes: ReadonlyArray<{
    readonly id: string
    readonly hostname: string
    readonly manager: boolean
    readonly endpoint: string
  }>
}

export interface SimServer {
  readonly addresses: SimAddresses
  /** Brought up to the present before each call. */
  readonly port: SwarmPort
  /** The Swarm itself, which moves only by its driver, or by `advance`. */
  readonly swarm: Swarm
  readonly faults: ApiFaults
  /** Lets so much simulated time pass; only with speed 0. */
  readonly advance: (millis: number) => void
}

export class EmbeddedSwarm extends Context.Tag("@evenkeel/swarm-sim/EmbeddedSwarm")<EmbeddedSwarm, SimServer>() {}

/** What only a caller in the same process can give. */
export interface Surroundings {
  /** What the engines pass for. Default: `EngineIdentity.defaultIdentity`. */
  readonly identity?: EngineIdentity
  /** Instead of the module that the options name. */
  readonly workload?: Workload
  /** Whether loopback tasks have addresses of their own. Default: where 127.77.0.0/16 can be bound. */
  readonly hasRange?: boolean
  /** Of the Swarm: labels and resources of nodes, choices, timings. What `SimOptions` says goes before. */
  readonly swarm?: SwarmOptions
}

const attempt = <A>(what: string, run: () => Promise<A>) =>
  Effect.tryPromise({ try: run, catch: (cause) => new SimServerFailed({ what, cause }) })

/** How often endpoints look whether their node has been lost or is back while a fault works. Simulated milliseconds. */
const refreshMillis = 100

/** From a fault until nothing of it changes by itself: an engine that starts, a session that opens. */
const aftermathMillis = 15_000

interface Clocked {
  readonly swarm: Swarm
  readonly port: SwarmPort
  readonly schedule: EngineSchedule
  readonly advance: ((millis: number) => void) | null
}

/** Moved by the Clock, or with speed 0 by `advance`. */
const start = (options: SwarmOptions, speed: number): Effect.Effect<Clocked, never, Scope.Scope> =>
  Effect.gen(function* () {
    if (speed === 0) {
      const swarm = new Swarm(options)
      const { agenda } = swarm.internals.machine
      return {
        swarm,
        port: swarm,
        schedule: (delayMillis, action) => agenda.schedule(delayMillis, action),
        advance: (millis) => swarm.advanceTo(swarm.nowMillis() + millis)
      }
    }
    const { port, swarm } = yield* SwarmDriver.make({ ...options, speed })
    const fork = yield* FiberSet.makeRuntime<never>()
    const schedule: EngineSchedule = (delayMillis, action) => {
      const fiber = fork(Effect.delay(Effect.sync(action), Duration.millis(delayMillis / speed)))
      return () => void fork(Fiber.interrupt(fiber))
    }
    return { swarm, port, schedule, advance: null }
  })

/** The runtime that the options ask for; `log` is told what people should know. */
const runtimeOf = (
  options: SimOptions,
  given: Surroundings,
  log: (line: string) => void,
  catchUp: () => void
): Effect.Effect<MakeRuntime | undefined, SimServerFailed> =>
  Effect.gen(function* () {
    if (options.runtime === "virtual") return undefined
    const module = options.workload ?? ""
    const workload = given.workload ?? (yield* attempt(`load its workload ${module}`, () => loadWorkload(module)))
    const hasRange = given.hasRange ?? (yield* Effect.promise(hasLoopbackRange))
    if (!hasRange && given.hasRange === undefined)
      log(
        "127.77.0.0/16 cannot be bound on this machine: each task gets a port of 127.0.0.1, which routers cannot be told"
      )
    return loopbackRuntime({ workload, hasRange, log, catchUp })
  })

/** The folder of the sockets; null where TCP is asked for. */
const socketsFolder = ({ socketsFolder: given, tcpPort }: SimOptions) => {
  if (given !== null)
    return Effect.as(
      attempt(`make ${given}`, () => mkdir(given, { recursive: true })),
      given
    )
  if (tcpPort !== null) return Effect.succeed(null)
  return Effect.acquireRelease(
    attempt("make a folder for its sockets", () => mkdtemp(join(tmpdir(), "evenkeel-sim-"))),
    (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
  )
}

/** The address of the simulation (0) and of the nodes (1, 2, …). */
const addressAt = (options: SimOptions, folder: string | null, index: number, name: string): ListenAddress =>
  folder === null
    ? {
        kind: "tcp",
        host: "127.0.0.1",
        port: options.tcpPort === null || options.tcpPort === 0 ? 0 : options.tcpPort + index
      }
    : { kind: "unix", path: join(folder, `${name}.sock`) }

const opened = (endpoint: Endpoint) =>
  Effect.acquireRelease(
    Effect.as(
      attempt(`listen on ${endpoint.address}`, () => endpoint.open()),
      endpoint
    ),
    () => Effect.promise(() => endpoint.close())
  )

/** `log` is told what people should know, a line each. */
export const make = Effect.fn("SimServer.make")(function* (
  options: SimOptions,
  log: (line: string) => void,
  surroundings: Surroundings = {}
): Effect.fn.Return<SimServer, SimServerFailed, Scope.Scope> {
  const identity = surroundings.identity ?? defaultIdentity
  let catchUp = () => {}
  const runtime = yield* runtimeOf(options, surroundings, log, () => catchUp())
  const clocked = yield* start(
    {
      nodes: options.nodes,
      managers: options.managers,
      seed: options.seed,
      heartbeatMillis: options.heartbeatMillis,
      engineVersion: identity.engineVersion,
      ...surroundings.swarm,
      ...(runtime === undefined ? {} : { runtime })
    },
    options.speed
  )
  const { schedule, swarm } = clocked
  catchUp = () => void clocked.port.nowMillis()
  const faults = new ApiFaults(options.seed)
  const { fleet, machine } = swarm.internals
  const trace = new CommitTrace(machine.store, swarm.nowMillis)
  yield* Effect.addFinalizer(() => Effect.sync(() => trace.close()))

  const endpoints = new Map<string, Endpoint>()
  const refresh = () => {
    for (const endpoint of endpoints.values()) endpoint.refresh()
  }
  const port: SwarmPort = { ...clocked.port, fault: (fault) => followed(fault) }
  const followed = (fault: Fault) => {
    const outcome = clocked.port.fault(fault)
    const until = port.nowMillis() + aftermathMillis + (fault._tag === "flap" ? fault.periodMillis * fault.times : 0)
    const look = () => {
      refresh()
      if (port.nowMillis() < until) schedule(refreshMillis, look)
    }
    if (outcome.ok) look()
    return outcome
  }
  const advance = (millis: number) => {
    if (clocked.advance === null)
      throw new RangeError("the clock of this simulation goes by itself: start it with speed 0")
    clocked.advance(millis)
    refresh()
  }

  const conditionOf = (nodeId: string) => (): NodeCondition => {
    const engine = fleet.engines.get(nodeId)
    return engine === undefined || !engine.isEngineUp ? "crashed" : engine.condition
  }
  const engineOf = (nodeId: string): Engine => {
    const condition = conditionOf(nodeId)
    const drops = () => faults.of(nodeId).dropsEvents
    const events = new EventFeed({ swarm, nodeId, condition, drops })
    return { swarm: port, nodeId, condition, identity, events, faults, schedule }
  }

  const control: Control = {
    swarm: port,
    faults,
    speed: options.speed === 0 ? null : options.speed,
    seed: options.seed,
    runtime: options.runtime,
    endpointOf: (nodeId) => endpoints.get(nodeId)?.address ?? null,
    advance: clocked.advance === null ? null : advance,
    traceSince: (index) => trace.since(index)
  }
  const folder = yield* socketsFolder(options)
  const own = yield* opened(new Endpoint({ engine: null, control, listen: addressAt(options, folder, 0, "sim") }))
  const nodes: Array<SimAddresses["nodes"][number]> = []
  for (const [index, node] of port.list("node").entries()) {
    const id = idOf(node)
    const hostname = textAt(node, "Description", "Hostname")
    const listen = addressAt(options, folder, index + 1, hostname)
    const endpoint = yield* opened(new Endpoint({ engine: engineOf(id), control, listen }))
    endpoints.set(id, endpoint)
    nodes.push({ id, hostname, manager: port.isManager(id), endpoint: endpoint.address })
  }

  return {
    addresses: { control: own.address, nodes },
    port,
    swarm,
    faults,
    advance
  }
})

/** An embedded Swarm as a service. */
export const layer = (
  options: SimOptions,
  log: (line: string) => void,
  surroundings: Surroundings = {}
): Layer.Layer<EmbeddedSwarm, SimServerFailed> => Layer.scoped(EmbeddedSwarm, make(options, log, surroundings))
