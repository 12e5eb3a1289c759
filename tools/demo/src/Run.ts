/**
 * One run of the story: a cluster, its clients, and the phases with what ends each. What is seen is told to the audience; what it
 * came to is the result.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { get } from "node:http"
import * as Clients from "./Clients.ts"
import * as Cluster from "./Cluster.ts"
import * as Engine from "./Engine.ts"
import * as Observation from "./Observation.ts"
import type { DemoOptions } from "./Options.ts"
import { type Audience, noLoad } from "./Scene.ts"
import * as Story from "./Story.ts"

/** Represents a run whose story does not go on. */
export class StoryStuck extends Schema.TaggedError<StoryStuck>()("StoryStuck", {
  run: Schema.String,
  waitedFor: Schema.String,
  seconds: Schema.Number,
  seen: Schema.String
}) {
  override get message(): string {
    return `${this.run}: waited ${this.seconds} s in vain for ${this.waitedFor}; seen: ${this.seen}. A busy machine may need a lower --speed`
  }
}

/** Represents a cluster that ended while it was needed. */
export class ClusterEnded extends Schema.TaggedError<ClusterEnded>()("ClusterEnded", { reason: Schema.String }) {
  override get message(): string {
    return `the embedded Swarm ended by itself: ${this.reason}`
  }
}

export interface Told {
  readonly result: Story.RunResult
  readonly cluster: Cluster.Cluster
  /** An entry for requests. */
  readonly entry: string
  /** Goes on showing what happens. */
  readonly watch: Effect.Effect<never, Engine.EngineCallFailed | ClusterEnded, Scope.Scope>
}

const lookEveryMs = 120
/** How long a router may take to lead requests to every service, once all tasks run. */
const answerSeconds = 20
const steadyMs = 3_000
const balancedMs = 2_000
/**
 * How long a run in which nothing moves is watched after the node's return, in simulated seconds: longer than Evenkeel takes to
 * begin, and shorter where only requests are of interest.
 */
const watchedSeconds = { mesh: 15, alone: 60 } as const
/** How long the run is watched between "restored" and the node's return, in simulated seconds. */
const withoutNodeSeconds = 15
const eventsShown = 12

const withoutRange = (obstacle: string, routing: "mesh" | "routers"): string =>
  `${obstacle}: every task takes a port of 127.0.0.1 instead of an address of its own${routing === "routers" ? ", routers read where tasks are from a file, and do not hear one another" : ""}`

/** Whether an entry has an answer for a name. */
const answers = (entry: string, host: string): Effect.Effect<boolean> =>
  Effect.async((resume) => {
    const request = get(entry, { agent: false, headers: { host }, timeout: 1_000 }, (response) => {
      response.resume()
      resume(Effect.succeed(response.statusCode === 200))
    })
    request.once("timeout", () => request.destroy())
    request.once("error", () => resume(Effect.succeed(false)))
    return Effect.sync(() => request.destroy())
  })

const seenOf = ({ nodes, tasks }: Observation.Observation): string =>
  `${nodes.map(({ hostname, state }) => `${hostname} ${state}`).join(", ")}; ${tasks.filter(({ isServing }) => isServing).length} of ${tasks.length} tasks serve`

/** Runs until the scope closes, or as long as `watch` of the answer is run. */
export const tell = Effect.fn("Run.tell")(function* (kind: Story.RunKind, options: DemoOptions, audience: Audience) {
  const { node: victim, speed } = options
  const routing = kind === "mesh" ? "mesh" : "routers"
  const mode = kind === "evenkeel" ? "act" : "observe"
  const startedAtMs = yield* Clock.currentTimeMillis
  const cluster = yield* Cluster.make({ ...options, routing, mode }, audience.message)
  // Before the cluster ends, which takes a moment: a second Ctrl-C in it must find the terminal as it was.
  yield* Effect.addFinalizer(() => Effect.sync(audience.leave))
  const stack = Cluster.stackOf(routing)
  if (cluster.obstacle !== null) audience.message(withoutRange(cluster.obstacle, routing))
  const endpoints = new Map(cluster.nodes.map(({ endpoint, hostname }) => [hostname, endpoint]))
  const [first = ""] = [...endpoints.values()]

  const phases: Array<Story.Phase> = ["starting"]
  const events: Array<Story.StoryEvent> = []
  let observation: Observation.Observation = { nodes: [], tasks: [], moving: [] }
  let clients: Clients.Clients | null = null
  const entries = new Map<string, string>()

  const atSeconds = Effect.map(Clock.currentTimeMillis, (now) => ((now - startedAtMs) * speed) / 1000)
  const note = (text: string) =>
    Effect.map(atSeconds, (at) => {
      const event = { run: kind, phase: phases.at(-1) ?? "starting", atSeconds: at, text }
      events.push(event)
      audience.event(event)
    })
  const begin = (phase: Story.Phase, text: string | null) =>
    Effect.gen(function* () {
      phases.push(phase)
      if (clients !== null) yield* clients.beginPhase(phase)
      if (text !== null) yield* note(text)
    })

  /** Of the routers that run: where clients send requests to. */
  const entriesOf = (lost: ReadonlySet<string>) => {
    for (const { id, isServing, node } of observation.tasks) {
      const url = cluster.entries.get(id)
      if (url !== undefined && isServing && !lost.has(node)) entries.set(node, url)
    }
    const there = new Set(
      observation.tasks.filter(({ isServing, service }) => service === "router" && isServing).map(({ node }) => node)
    )
    const list = [...entries]
    return {
      active: list.filter(([node]) => there.has(node) && !lost.has(node)).map(([, url]) => url),
      dead: list.filter(([node]) => lost.has(node)).map(([, url]) => url)
    }
  }

  const look = Effect.gen(function* () {
    const { lost, nowMillis } = yield* Engine.account(cluster.control)
    const before = observation
    const readers = [...endpoints].filter(([hostname]) => !lost.has(hostname)).map(([, endpoint]) => endpoint)
    // One whose engine is still starting has no socket, and managers without a leader answer nothing: then what was seen holds.
    observation = yield* Effect.orElseSucceed(Effect.firstSuccessOf(readers.map(Observation.read)), () => before)
    if (before.nodes.length > 0 && phases.length > 1)
      for (const change of Story.changes(before, observation)) yield* note(change)
    const { active, dead } = entriesOf(lost)
    if (clients !== null) yield* clients.setEntries(active, dead)
    audience.scene({
      run: kind,
      phase: phases.at(-1) ?? "starting",
      speed,
      atSeconds: yield* atSeconds,
      observation,
      lost,
      load: clients === null ? noLoad : yield* clients.live,
      events: events.slice(-eventsShown)
    })
    return { nowMillis, lost }
  })

  const stuck = (waitedFor: string, seconds: number) =>
    new StoryStuck({ run: Story.runTitles[kind], waitedFor, seconds, seen: seenOf(observation) })

  /** Looks until it is so. */
  const until = (waitedFor: string, isSo: () => boolean) =>
    Effect.gen(function* () {
      const seconds = Math.ceil(30 + 300 / speed)
      const giveUpAtMs = (yield* Clock.currentTimeMillis) + seconds * 1000
      for (;;) {
        const seen = yield* look
        if (isSo()) return seen
        if ((yield* Clock.currentTimeMillis) > giveUpAtMs) return yield* stuck(waitedFor, seconds)
        yield* Effect.sleep(lookEveryMs)
      }
    })
  const during = (millis: number) =>
    Effect.gen(function* () {
      const endMs = (yield* Clock.currentTimeMillis) + millis
      while ((yield* Clock.currentTimeMillis) < endMs) {
        yield* look
        yield* Effect.sleep(lookEveryMs)
      }
    })

  const wantedOf = (nodes: number) =>
    stack.services.reduce((sum, { isGlobal, replicas }) => sum + (isGlobal ? nodes : replicas), 0)
  const servingOnes = () => observation.tasks.filter(({ isServing }) => isServing)
  const workload = () => servingOnes().filter(Observation.isWorkload)
  const wantedWorkload = stack.services.reduce((sum, { isGlobal, replicas }) => sum + (isGlobal ? 0 : replicas), 0)
  const hasRouter = (hostname: string) =>
    servingOnes().some(({ node, service }) => service === "router" && node === hostname)

  const story = Effect.gen(function* () {
    yield* Cluster.deploy(first, stack)
    yield* until("all tasks to run", () => servingOnes().length === wantedOf(cluster.nodes.length))
    for (const [, url] of entries)
      for (const host of ["vvm", "trio"])
        yield* answers(url, host).pipe(
          Effect.delay(50),
          Effect.repeat({ until: (isSo) => isSo }),
          Effect.timeoutFail({
            duration: answerSeconds * 1000,
            onTimeout: () => stuck(`${url} to answer for ${host}`, answerSeconds)
          })
        )
    clients = yield* Clients.start([...entries.values()], speed, "steady")
    yield* begin("steady", `${wantedWorkload} tasks serve on ${cluster.nodes.length} nodes; clients send requests`)
    yield* during(steadyMs)
    const steady = observation

    const { active, dead } = entriesOf(new Set([victim]))
    yield* begin("lost", `${victim} ${options.fault === "crash" ? "crashes" : "is cut off"}`)
    yield* clients.setEntries(active, dead)
    const lostAt = (yield* Engine.fault(cluster.control, options.fault, victim)).nowMillis
    yield* until(
      "Swarm to restore all replicas",
      () => workload().length === wantedWorkload && workload().every(({ node }) => node !== victim)
    )
    const restored = observation
    const known = new Set(steady.tasks.map(({ id }) => id))
    const restoredAt = Math.max(
      ...workload()
        .filter(({ id }) => !known.has(id))
        .map(({ sinceMillis }) => sinceMillis)
    )
    yield* begin(
      "restored",
      `all replicas run again, ${((restoredAt - lostAt) / 1000).toFixed(1)} simulated seconds after the loss`
    )
    yield* during((withoutNodeSeconds * 1000) / speed)

    yield* begin("returned", `${victim} comes back`)
    const returnedAt = (yield* Engine.fault(cluster.control, "restore", victim)).nowMillis
    yield* until(
      `${victim} to be ready, its router too`,
      () =>
        observation.nodes.some(({ hostname, state }) => hostname === victim && state === "ready") && hasRouter(victim)
    )
    let secondsToBalance: number | null = null
    const isEven = () => Story.isEven(Observation.placement(observation, Observation.isWorkload))
    if (kind !== "evenkeel") yield* during((watchedSeconds[kind] * 1000) / speed)
    else {
      yield* until("Evenkeel to move something", () => observation.moving.length > 0 || isEven())
      yield* begin("moving", null)
      const { nowMillis } = yield* until(
        "the tasks to be even",
        () =>
          workload().length === wantedWorkload &&
          observation.moving.length === 0 &&
          isEven() &&
          !observation.tasks.some((task) => task.isStarting || task.isStopping)
      )
      secondsToBalance = (nowMillis - returnedAt) / 1000
      yield* begin(
        "balanced",
        `${Observation.placement(observation, Observation.isWorkload).join("-")}: every node has its share`
      )
      yield* during(balancedMs)
    }
    const requests = yield* options.keep && kind === "evenkeel" ? clients.report : clients.stop
    const end = observation
    const result: Story.RunResult = {
      run: kind,
      phases,
      placement: {
        steady: Observation.placement(steady, Observation.isWorkload),
        restored: Observation.placement(restored, Observation.isWorkload),
        end: Observation.placement(end, Observation.isWorkload)
      },
      groupAtEnd: Observation.placement(end, ({ service }) => /^vvm\d$/.test(service)),
      trioAtEnd: Observation.placement(end, ({ service }) => service === "trio"),
      secondsToRestore: (restoredAt - lostAt) / 1000,
      secondsToBalance,
      replaced: Story.newTasks(steady, restored),
      moved: Story.newTasks(restored, end),
      requests
    }
    return result
  })

  const whileThere = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>) =>
    Effect.raceFirst(
      effect,
      Effect.flatMap(cluster.ended, (reason) => new ClusterEnded({ reason }))
    )
  const result = yield* whileThere(story)
  const told: Told = {
    result,
    cluster,
    entry: [...entries.values()][0] ?? "",
    watch: whileThere(Effect.forever(Effect.zipRight(look, Effect.sleep(lookEveryMs))))
  }
  return told
})
