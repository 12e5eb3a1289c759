/**
 * The same moves over the embedded Swarm, whose orchestrator, updater and scheduler follow SwarmKit more closely than the small
 * one of the other tests: the executor is ended between any two of its engine calls, and a successor ends the move.
 */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { describe, expect } from "vitest"
import { ServiceId } from "@evenkeel/domain/Ids"
import { isLive } from "@evenkeel/domain/moves/Step"
import { Move, type MoveOrder, ServiceSpread, type Strategy } from "@evenkeel/domain/Plan"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import * as EngineEndpoint from "@evenkeel/swarm-client/EngineEndpoint"
import * as SpecText from "@evenkeel/swarm-client/SpecText"
import { layer, SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import { defaults } from "@evenkeel/swarm-sim/server/SimOptions"
import * as SimServer from "@evenkeel/swarm-sim/server/SimServer"
import * as Instance from "./fixtures/Instance.ts"

interface Scenario {
  readonly strategy: Strategy
  readonly order: MoveOrder
  readonly replicas: number
  /** Tasks on each node, most first, before and after. */
  readonly before: string
  readonly after: string
}

const scenarios: ReadonlyArray<Scenario> = [
  { strategy: "pin", order: "start-first", replicas: 1, before: "1", after: "1" },
  { strategy: "surge", order: "start-first", replicas: 3, before: "2 1", after: "1 1 1" },
  { strategy: "empty", order: "start-first", replicas: 4, before: "2 2", after: "2 2" },
  { strategy: "pin", order: "stop-first", replicas: 1, before: "1", after: "1" },
  { strategy: "empty", order: "stop-first", replicas: 4, before: "2 2", after: "2 2" }
]

const liveOf = (snapshot: Snapshot) => snapshot.services.flatMap(({ id }) => snapshot.tasksOfService(id).filter(isLive))

const spread = (snapshot: Snapshot): string =>
  [
    ...Map.groupBy(
      liveOf(snapshot).filter((task) => task.isServing),
      ({ node }) => node
    ).values()
  ]
    .map((tasks) => tasks.length)
    .toSorted((a, b) => b - a)
    .join(" ")

/** Of those that run or are about to, wanted or not. */
const expectOneForEachSlot = (snapshot: Snapshot) => {
  const slots = snapshot.tasks
    .filter(({ state }) => state === "starting" || state === "running")
    .map(({ slot }) => slot)
  expect(slots.length, "tasks that run, for each slot one").toBe(new Set(slots).size)
}

const setUp = (scenario: Scenario) =>
  Effect.gen(function* () {
    const server = yield* SimServer.make({ ...defaults, speed: 0, nodes: 3, managers: 3, seed: 7 }, () => {})
    const endpoint = server.addresses.nodes[0]?.endpoint.slice("unix://".length) ?? ""
    yield* TestClock.setTime(server.swarm.nowMillis())
    const advance = (millis: number) =>
      Effect.zipRight(
        Effect.sync(() => server.advance(millis)),
        TestClock.adjust(millis)
      )
    const setNodes = (availability: string, hostnames: ReadonlyArray<string>) =>
      Effect.sync(() => {
        for (const node of server.swarm.list("node") as unknown as ReadonlyArray<Node>)
          if (hostnames.includes(node.Description.Hostname))
            server.swarm.updateNode(node.ID, BigInt(String(node.Version.Index)), {
              ...node.Spec,
              Availability: availability
            })
      })
    const closed = scenario.strategy === "pin" ? ["n2", "n3"] : ["n2"]
    yield* setNodes("drain", closed)
    yield* advance(2_000)
    server.swarm.createService({
      Name: "web",
      ...(scenario.order === "stop-first" ? { Labels: { "evenkeel.order": "stop-first" } } : {}),
      TaskTemplate: { ContainerSpec: { Image: "web:1" }, Placement: {} },
      Mode: { Replicated: { Replicas: scenario.replicas } },
      EndpointSpec: { Mode: "dnsrr" }
    })
    yield* advance(20_000)
    yield* setNodes("active", closed)
    yield* advance(2_000)
    return { advance, client: layer({ endpoint: EngineEndpoint.unixSocket(endpoint) }) }
  })

interface Node {
  readonly ID: string
  readonly Version: { readonly Index: unknown }
  readonly Spec: Readonly<Record<string, unknown>>
  readonly Description: { readonly Hostname: string }
}

/** The tasks that were there at the start are `old`. */
const planningOf =
  ({ order, strategy }: Scenario, old: ReadonlySet<string>, donor: string): Instance.Planning =>
  (snapshot) => {
    const live = liveOf(snapshot)
    const onDonor = live.filter((task) => task.node === donor).toSorted((a, b) => b.slot - a.slot)
    const isDue = onDonor.length > (strategy === "surge" ? 1 : 0) && onDonor.some(({ id }) => old.has(id))
    const [task] = onDonor
    const free = snapshot.nodes.filter((node) => node.id !== donor && !live.some((each) => each.node === node.id))
    const others = snapshot.nodes.filter((node) => node.id !== donor)
    const [to, ...alternatives] = strategy === "empty" ? others : free
    if (!isDue || task === undefined || task.node === null || to === undefined) return null
    return new Move({
      service: ServiceId.make(task.service),
      serviceName: "web",
      strategy,
      order,
      task: task.id,
      slot: task.slot,
      from: task.node,
      to: to.id,
      alternatives: strategy === "pin" ? [] : alternatives.map(({ id }) => id),
      reason: new ServiceSpread({ from: 2, to: 0 }),
      text: "to be even"
    })
  }

const mostRounds = 120

const story = (scenario: Scenario, interception: Instance.Interception | null) =>
  Effect.gen(function* () {
    const { advance, client: clientLayer } = yield* setUp(scenario)
    return yield* Effect.gen(function* () {
      const client = yield* SwarmClient
      const start = (yield* client.reading).snapshot
      expect(spread(start)).toBe(scenario.before)
      const old = new Set(liveOf(start).map(({ id }) => id as string))
      const donor = liveOf(start).toSorted((a, b) => (String(a.node) < String(b.node) ? -1 : 1))[0]?.node ?? ""
      const fullest = [...Map.groupBy(liveOf(start), ({ node }) => node)].toSorted(
        ([, a], [, b]) => b.length - a.length
      )[0]?.[0]
      const planning = planningOf(scenario, old, fullest ?? donor)
      const own = (yield* client.service("web")).specText

      const runToEnd = (instance: Instance.Instance) =>
        Effect.gen(function* () {
          for (let round = 0; round < mostRounds; round++) {
            yield* instance.round
            yield* advance(200)
            const { snapshot } = yield* client.reading
            const serving = liveOf(snapshot).filter((task) => task.isServing).length
            const fewest = scenario.replicas - (scenario.order === "stop-first" ? 1 : 0)
            expect(serving, "tasks that serve").toBeGreaterThanOrEqual(fewest)
            if (scenario.order === "stop-first") expectOneForEachSlot(snapshot)
            const { previousSpecText, specText } = yield* client.service("web")
            const isClean = specText === own && previousSpecText === own
            if (isClean && planning(snapshot) === null && spread(snapshot) === scenario.after) return true
          }
          return false
        })
      const first = yield* Instance.make(planning, interception)
      const exit = yield* Effect.exit(runToEnd(first))
      if (interception !== null) {
        expect(exit._tag).toBe("Failure")
        expect(yield* runToEnd(yield* Instance.make(planning))).toBe(true)
      } else expect(exit).toMatchObject({ value: true })
      yield* advance(15_000)
      const { snapshot } = yield* client.reading
      expect(spread(snapshot)).toBe(scenario.after)
      const record = yield* client.service("web")
      expect(SpecText.sameValue(record.specText, own) && record.specText === own).toBe(true)
      const kept = liveOf(snapshot).filter(({ id }) => old.has(id)).length
      expect(kept, "tasks that were not touched").toBe(scenario.replicas - (scenario.strategy === "empty" ? 2 : 1))
      return first.calls()
    }).pipe(Effect.provide(clientLayer))
  }).pipe(Effect.scoped)

describe.each(scenarios)("on the embedded Swarm, a $order move by $strategy", (scenario) => {
  it.effect(
    "is killed between any two engine calls, and a successor ends it",
    () =>
      Effect.gen(function* () {
        const calls = yield* story(scenario, null)
        expect(calls).toBeGreaterThan(12)
        // Before a call is the same as after the one before it: nothing is kept between two.
        for (let call = 1; call < calls; call++)
          yield* story(scenario, { call, kind: "die after" }).pipe(
            Effect.catchAllDefect((defect) =>
              Effect.die(new Error(`after call ${call}: ${defect instanceof Error ? defect.message : String(defect)}`))
            )
          )
      }),
    240_000
  )
})
