/**
 * One cycle of the drill: steady state, a fault, Swarm's own restoration, the node's return, the rebalancer's moves, balance.
 * Takes evidence at the moments that the verdict compares and decides nothing about it.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as EngineReader from "./EngineReader.ts"
import * as Faults from "./Faults.ts"
import type { Load } from "./Load.ts"
import { areEven, placementsOf, type SeenContainer } from "./Observation.ts"
import { poll } from "./Poll.ts"
import * as Routers from "./Routers.ts"
import * as Stack from "./Stack.ts"
import type { CycleEvidence } from "./Verdict.ts"
import type { Seen, Watch } from "./Watch.ts"

/** What is done to which node. */
export const CycleName = Schema.Literal("follower-black-hole", "follower-crash", "leader-black-hole", "rebalancer-kill")
export type CycleName = typeof CycleName.Type

export interface CycleOptions {
  readonly name: CycleName
  readonly engines: ReadonlyArray<EngineReader.EngineSocket>
  readonly watch: Watch
  readonly load: Load
  /** The traffic address of a node's router. */
  readonly urlOf: (node: string) => string
  /** Restarts everything when the node is back, as people do; the rebalancer only observes then. */
  readonly saboteur: boolean
  /** How long balance may take after the return, in seconds. */
  readonly balanceSeconds: number
  /** How long Swarm may take to notice and restore, in seconds: with the leader lost it takes twice the grace. */
  readonly restoreSeconds: number
}

/** The steps of a cycle in seconds. */
export interface CycleTimes {
  readonly lossNoticed: number
  readonly restored: number
  readonly nodeReady: number
  readonly balanced: number | null
}

export interface CycleResult {
  readonly name: CycleName
  readonly victim: string
  readonly times: CycleTimes
  /** Evidence but for the load's, which is known when all cycles are through. */
  readonly evidence: Omit<
    CycleEvidence,
    "lostRequests" | "sentRequests" | "requestsPerSecond" | "streamsLate" | "streamsBrokenElsewhere"
  >
  readonly phases: ReadonlyArray<string>
}

const workload: ReadonlySet<string> = new Set(Stack.workload)

/** Every service of the workload has as many tasks that Swarm wants as were asked for, and all of them run. */
export const isWhole = ({ swarm }: Seen): boolean =>
  Stack.replicas.entries().every(([service, asked]) => {
    const wanted = swarm.tasks.filter((task) => task.service === service && task.desired === "running")
    return wanted.length === asked && wanted.every(({ state }) => state === "running")
  })

const isBalanced = (seen: Seen): boolean => isWhole(seen) && areEven(seen.placements)

const globalsRunOn = (seen: Seen, node: string): boolean =>
  Stack.globals.every((service) =>
    seen.swarm.tasks.some(
      (task) => task.service === service && task.node === node && task.desired === "running" && task.state === "running"
    )
  )

const readServices = (engine: EngineReader.EngineSocket) =>
  Effect.forEach(Stack.workload, (service) => EngineReader.service(engine, service))

/** Specs that no longer carry a move, or the last reading of them when the patience is over. */
const settledServices = (engine: EngineReader.EngineSocket, seconds: number) => {
  const isClean = (services: Effect.Effect.Success<ReturnType<typeof readServices>>) =>
    services.every(
      ({ specText, previousSpecText }) => !/evenkeel\.(journal\.|move)/.test(specText + (previousSpecText ?? ""))
    )
  return poll(readServices(engine), "300 millis", isClean).pipe(
    Effect.timeoutOption(seconds * 1_000),
    Effect.zipRight(readServices(engine))
  )
}

/** SIGKILLs the leader's rebalancer as soon as a service carries a journal. Answers what it killed. */
const killInMidMove = Effect.fn("Cycle.killInMidMove")(function* (
  watch: Watch,
  engines: ReadonlyArray<EngineReader.EngineSocket>,
  leader: EngineReader.EngineSocket
) {
  const begun = Effect.map(readServices(leader), (services) =>
    services.find(({ specText }) => specText.includes("evenkeel.journal."))
  )
  const moved = yield* poll(begun, "100 millis", (service) => service !== undefined)
  const acting = engines.find(({ name }) => name === leader.name) ?? leader
  const running = yield* EngineReader.containers(acting)
  const victims = running.filter(({ service }) => service === Stack.rebalancerService)
  yield* Effect.forEach(victims, ({ id }) => EngineReader.kill(acting, id))
  yield* watch.note(
    `killed the rebalancer on ${acting.name} in the middle of the move of ${moved?.name ?? "a service"}`
  )
  return victims.map(({ id }) => id)
})

export const run = Effect.fn("Cycle.run")(function* (options: CycleOptions) {
  const { name, engines, watch, load } = options
  const phase = (step: string) => load.beginPhase(`${name}: ${step}`)
  const phases = ["steady", "node lost", "restored", "node back", "balanced"].map((step) => `${name}: ${step}`)

  const steady = yield* watch.until("an even start", 120, isBalanced)
  const leader = steady.swarm.nodes.find((node) => node.leader)?.name
  const victimName = steady.swarm.nodes.find((node) =>
    name === "leader-black-hole" ? node.leader : !node.leader
  )?.name
  const victim = engines.find((engine) => engine.name === victimName)
  const survivors = engines.filter((engine) => engine !== victim)
  const [survivor] = survivors
  if (victim === undefined || survivor === undefined || leader === undefined)
    return yield* Effect.dieMessage(
      `no node to lose in ${name}: the lab needs three managers with the workload on them`
    )
  const servicesAtStart = yield* readServices(survivor)
  yield* phase("steady")
  yield* Effect.sleep("5 seconds")

  yield* phase("node lost")
  yield* load.setTargets(
    survivors.map((engine) => engine.name),
    [victim.name]
  )
  const lostAt = yield* Clock.currentTimeMillis
  yield* watch.note(`${victim.name} ${Faults.isCrash(name) ? "loses its power" : "is cut off"}`)
  yield* Faults.lose(name, victim.name)
  const since = (from: number) => Effect.map(Clock.currentTimeMillis, (now) => (now - from) / 1_000)
  const stateOf = (seen: Seen, node: string) => seen.swarm.nodes.find((found) => found.name === node)?.state
  yield* watch.until(
    `Swarm to notice that ${victim.name} is gone`,
    options.restoreSeconds,
    (seen) => stateOf(seen, victim.name) === "down",
    victim.name
  )
  const lossNoticed = yield* since(lostAt)
  yield* watch.until("Swarm to restore the workload", options.restoreSeconds, isWhole, victim.name)
  const restored = yield* since(lostAt)
  yield* phase("restored")
  yield* Effect.sleep("3 seconds")

  const atReturn = yield* watch.look(victim.name)
  const containersAtReturn = (yield* Effect.forEach(survivors, EngineReader.containers)).flat()
  const newLeader = atReturn.swarm.nodes.find((node) => node.leader)?.name
  const leaderEngine = survivors.find((engine) => engine.name === newLeader) ?? survivor
  yield* phase("node back")
  const returnedAt = yield* Clock.currentTimeMillis
  yield* watch.note(`${victim.name} returns`)
  const killing =
    name === "rebalancer-kill" ? yield* Effect.fork(killInMidMove(watch, engines, leaderEngine)) : undefined
  yield* Faults.bringBack(victim.name)
  yield* watch.until(
    `${victim.name} to be ready`,
    90,
    (seen) => stateOf(seen, victim.name) === "ready" && globalsRunOn(seen, victim.name),
    victim.name
  )
  const nodeReady = yield* since(returnedAt)
  yield* Routers.awaitServing([options.urlOf(victim.name)])
  yield* load.setTargets(
    engines.map((engine) => engine.name),
    []
  )
  if (options.saboteur) {
    yield* watch.note("the saboteur restarts every service by --force")
    yield* Stack.forceAll(survivor.socketPath)
  }
  const balanced = yield* watch.until("the workload to be even again", options.balanceSeconds, isBalanced).pipe(
    Effect.zipRight(since(returnedAt)),
    Effect.catchTag("DrillDeadlinePassed", (passed) => Effect.as(watch.note(passed.message), null))
  )
  const servicesAtEnd = yield* settledServices(survivor, balanced === null ? 1 : 30)
  yield* phase("balanced")
  const killed =
    killing === undefined
      ? []
      : yield* Fiber.join(killing).pipe(
          Effect.timeout("1 second"),
          Effect.orElseSucceed(() => [])
        )
  if (killing !== undefined) yield* Fiber.interrupt(killing)
  yield* watch.until("the rebalancers to run everywhere", 60, (seen) =>
    engines.every((engine) => globalsRunOn(seen, engine.name))
  )
  yield* Effect.sleep("5 seconds")
  const atEnd = yield* watch.look()
  const containersAtEnd: ReadonlyArray<SeenContainer> = (yield* Effect.forEach(engines, EngineReader.containers)).flat()
  const nodes = atReturn.swarm.nodes.map((node) => node.name)
  return {
    name,
    victim: victim.name,
    times: { lossNoticed, restored, nodeReady, balanced },
    phases,
    evidence: {
      returnedNode: victim.name,
      workload,
      globals: new Set(Stack.globals),
      placementsAtReturn: placementsOf(nodes, Stack.spreads, atReturn.swarm.tasks),
      placementsAtEnd: atEnd.placements,
      containersAtReturn,
      containersAtEnd,
      killed: new Set(killed),
      servicesAtStart,
      servicesAtEnd,
      configsAtEnd: yield* EngineReader.configs(survivor)
    }
  } satisfies CycleResult
})
