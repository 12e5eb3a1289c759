import { describe, expect, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as PubSub from "effect/PubSub"
import * as Queue from "effect/Queue"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { NodeId } from "@evenkeel/domain/Ids"
import { Snapshot } from "@evenkeel/domain/Snapshot"
import { EngineUnreachable } from "../src/EngineErrors.ts"
import { EngineEvent, type EngineNotice } from "../src/EngineEvents.ts"
import * as Snapshots from "../src/Snapshots.ts"
import { SwarmClient } from "../src/SwarmClient.ts"
import { layerTest, SwarmClientTestControl } from "../src/SwarmClientTest.ts"
import { wireNetwork, wireNode, wireService, wireTask } from "../src/TestWire.ts"

const swarm = {
  nodes: [wireNode({ id: "n1", leader: true }), wireNode({ id: "n2" })],
  services: [wireService({ id: "s1", name: "app_web", replicas: 2 })],
  tasks: [
    wireTask({ id: "t1", service: "s1", node: "n1" }),
    wireTask({ id: "t2", service: "s1", node: "n2", slot: 2 })
  ],
  networks: [wireNetwork("net1", "app_default")]
}

const event = new EngineEvent({ type: "node", action: "update", id: "n1", attributes: {}, timeNano: "1" })

/** A stream whose readings are counted and timed by the test's clock; `cost` and `error` say how the next ones go. */
const harness = (options: Snapshots.SnapshotsOptions = {}) =>
  Effect.gen(function* () {
    const events = yield* PubSub.unbounded<EngineNotice>()
    const hurries = yield* Snapshots.makeHurries
    const times = yield* Ref.make<ReadonlyArray<number>>([])
    const cost = yield* Ref.make(0)
    const isFailing = yield* Ref.make(false)
    const snapshot = yield* Ref.make(
      new Snapshot({ nodes: [], services: [], tasks: [], networks: [], readBy: NodeId.make("n1"), readAtMillis: 0 })
    )
    const reading = Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      yield* Ref.update(times, (before) => [...before, now])
      const tookMillis = yield* Ref.get(cost)
      yield* Effect.sleep(tookMillis)
      if (yield* Ref.get(isFailing)) return yield* new EngineUnreachable({ endpoint: "test", cause: new Error("test") })
      return new Snapshots.SnapshotReading({ snapshot: yield* Ref.get(snapshot), problems: [], tookMillis })
    })
    const elements = yield* Queue.unbounded<Snapshots.SnapshotElement>()
    const stream = Snapshots.make({ reading, events: Stream.fromPubSub(events), hurries }, options)
    const fiber = yield* Effect.forkScoped(Stream.runForEach(stream, (element) => Queue.offer(elements, element)))
    yield* TestClock.adjust(0)
    return { cost, elements, events, fiber, hurries, isFailing, snapshot, times: Ref.get(times) }
  })

describe("Snapshots", () => {
  it.scoped("reads at once, then each second", () =>
    Effect.gen(function* () {
      const { times } = yield* harness()
      yield* TestClock.adjust("3 seconds")
      expect(yield* times).toEqual([0, 1000, 2000, 3000])
    })
  )

  it.scoped(
    "an event brings the next reading forward, but never closer than the busy interval, and keeps it busy for a while",
    () =>
      Effect.gen(function* () {
        const { events, times } = yield* harness({ freshForMs: 500 })
        yield* TestClock.adjust("100 millis")
        yield* PubSub.publish(events, event)
        yield* TestClock.adjust("99 millis")
        expect(yield* times).toEqual([0])
        yield* TestClock.adjust("1 millis")
        expect(yield* times).toEqual([0, 200])
        yield* TestClock.adjust("1800 millis")
        // Fresh until 600: the interval that begins then is an idle one.
        expect(yield* times).toEqual([0, 200, 400, 600, 1600])
      })
  )

  it.scoped("an event during the idle interval is read at once", () =>
    Effect.gen(function* () {
      const { events, times } = yield* harness()
      yield* TestClock.adjust("700 millis")
      yield* PubSub.publish(events, event)
      yield* TestClock.adjust("0 millis")
      expect(yield* times).toEqual([0, 700])
    })
  )

  it.scoped("hurry does the same", () =>
    Effect.gen(function* () {
      const { hurries, times } = yield* harness()
      yield* TestClock.adjust("700 millis")
      yield* hurries.hurry
      yield* TestClock.adjust("500 millis")
      expect(yield* times).toEqual([0, 700, 900, 1100])
    })
  )

  it.scoped("a stream that begins within five seconds of a hurry begins busy", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      const elements = yield* Queue.unbounded<Snapshots.SnapshotElement>()
      yield* client.hurry
      yield* TestClock.adjust("4 seconds")
      yield* Effect.forkScoped(Stream.runForEach(client.snapshots(), (element) => Queue.offer(elements, element)))
      yield* TestClock.adjust("400 millis")
      expect(yield* Queue.size(elements)).toBe(3)
    }).pipe(Effect.provide(layerTest(swarm)))
  )

  it.scoped("readings cost at most a tenth of the time, but one slow reading slows nothing down", () =>
    Effect.gen(function* () {
      const { cost, times } = yield* harness()
      yield* Ref.set(cost, 300)
      yield* TestClock.adjust("1 seconds")
      yield* Ref.set(cost, 0)
      yield* TestClock.adjust("2 seconds")
      expect(yield* times).toEqual([0, 1000, 2000, 3000])
      yield* Ref.set(cost, 300)
      yield* TestClock.adjust("3 seconds")
      expect((yield* times).slice(4)).toEqual([4000, 5000, 6000])
      yield* TestClock.adjust("6 seconds")
      expect((yield* times).slice(7)).toEqual([9000, 12_000])
    })
  )

  it.scoped("a failure is an element; attempts go on with back-off, and an event does not hurry past it", () =>
    Effect.gen(function* () {
      const { elements, isFailing, times } = yield* harness()
      yield* Ref.set(isFailing, true)
      yield* TestClock.adjust("10 seconds")
      expect(yield* times).toEqual([0, 1000, 1200, 1600, 2400, 4000, 6000, 8000, 10_000])
      yield* Ref.set(isFailing, false)
      yield* TestClock.adjust("3 seconds")
      expect((yield* times).slice(9)).toEqual([12_000, 13_000])
      const all = Chunk.toReadonlyArray(yield* Queue.takeAll(elements))
      expect(all.map((element) => (element._tag === "SnapshotFailure" ? element.failures : 0))).toEqual([
        0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0
      ])
    })
  )

  it.scoped("a consumer that is slow gets readings made for it, not old ones", () =>
    Effect.gen(function* () {
      const hurries = yield* Snapshots.makeHurries
      const reads = yield* Ref.make(0)
      const reading = Effect.zipRight(
        Ref.update(reads, (count) => count + 1),
        Effect.succeed(
          new Snapshots.SnapshotReading({
            snapshot: new Snapshot({
              nodes: [],
              services: [],
              tasks: [],
              networks: [],
              readBy: NodeId.make("n1"),
              readAtMillis: 0
            }),
            problems: [],
            tookMillis: 0
          })
        )
      )
      const gate = yield* Deferred.make<void>()
      const stream = Snapshots.make({ reading, events: Stream.never, hurries })
      yield* Effect.forkScoped(Stream.runForEach(stream, () => Deferred.await(gate)))
      yield* TestClock.adjust("10 seconds")
      expect(yield* Ref.get(reads)).toBe(1)
      yield* Deferred.succeed(gate, undefined)
      yield* TestClock.adjust("0 seconds")
      expect(yield* Ref.get(reads)).toBe(2)
    })
  )
})

const paths = Effect.gen(function* () {
  const control = yield* SwarmClientTestControl
  return (yield* control.requests).map(({ path }) => path.replace(/^\/v[\d.]+/, ""))
})

describe("SwarmClient.reading", () => {
  it.effect("is the whole Swarm and who told it", () =>
    Effect.gen(function* () {
      const { snapshot, problems } = yield* Effect.flatMap(SwarmClient, (client) => client.reading)
      expect(problems).toEqual([])
      expect(snapshot.readBy).toBe("n1")
      expect(snapshot.isReadByLeader).toBe(true)
      expect(snapshot.findService("app_web")?.replicas).toBe(2)
      expect(snapshot.tasks.map(({ node }) => node)).toEqual(["n1", "n2"])
      expect(snapshot.networks.map(({ name }) => name)).toEqual(["app_default"])
    }).pipe(Effect.provide(layerTest(swarm)))
  )

  it.effect("decodes again only what has changed", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      const control = yield* SwarmClientTestControl
      const { snapshot: first } = yield* client.reading
      yield* control.patch("tasks", "t1", [{ path: ["Status", "State"], value: '"failed"' }])
      const { snapshot: second } = yield* client.reading
      expect(second.tasks[0]).not.toBe(first.tasks[0])
      expect(second.tasks[0]?.state).toBe("failed")
      expect(second.tasks[1]).toBe(first.tasks[1])
      expect(second.services[0]).toBe(first.services[0])
      expect(second.nodes[0]).toBe(first.nodes[0])
      expect((yield* paths).filter((path) => path === "/info")).toHaveLength(1)
    }).pipe(Effect.provide(layerTest(swarm)))
  )

  it.effect("sees a change of leader, which changes no version", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      const control = yield* SwarmClientTestControl
      yield* client.reading
      const options = { keepVersion: true }
      yield* control.patch("nodes", "n2", [{ path: ["ManagerStatus", "Leader"], value: "true" }], options)
      yield* control.patch("nodes", "n1", [{ path: ["ManagerStatus", "Leader"], value: null }], options)
      const { snapshot } = yield* client.reading
      expect(snapshot.leader?.id).toBe("n2")
    }).pipe(Effect.provide(layerTest(swarm)))
  )

  it.effect("leaves out a broken object and names it", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      const control = yield* SwarmClientTestControl
      yield* control.patch("tasks", "t1", [{ path: ["Status"], value: '{"Message":"no state"}' }])
      const { problems, snapshot } = yield* client.reading
      expect(snapshot.tasks.map(({ id }) => id)).toEqual(["t2"])
      expect(problems).toMatchObject([{ operation: "list tasks", object: "task t1", field: "Status.State" }])
      expect(yield* Effect.flip(client.tasks())).toMatchObject({ _tag: "EngineAnswerMalformed" })
    }).pipe(Effect.provide(layerTest(swarm)))
  )

  it.effect("asks anew who it is after a failure", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      const control = yield* SwarmClientTestControl
      yield* client.reading
      yield* control.fail(
        { kind: "status", status: 503, message: "This node is not a swarm manager." },
        { path: "/nodes" }
      )
      expect(yield* Effect.flip(client.reading)).toMatchObject({ _tag: "NotAManager" })
      yield* client.reading
      expect((yield* paths).filter((path) => path === "/info")).toHaveLength(2)
    }).pipe(Effect.provide(layerTest(swarm)))
  )
})

describe("SwarmClient.snapshots", () => {
  it.scoped("follows events, rolling updates and the time-out of calls", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      const control = yield* SwarmClientTestControl
      const elements = yield* Queue.unbounded<Snapshots.SnapshotElement>()
      const fiber = yield* Effect.fork(
        Stream.runForEach(client.snapshots({ freshForMs: 0 }), (element) => Queue.offer(elements, element))
      )
      yield* TestClock.adjust("2 seconds")
      expect(yield* Queue.size(elements)).toBe(3)
      // A rolling update keeps it busy.
      yield* control.patch("services", "s1", [{ path: ["UpdateStatus"], value: '{"State":"updating"}' }])
      yield* TestClock.adjust("2 seconds")
      expect(yield* Queue.size(elements)).toBe(9)
      yield* Queue.takeAll(elements)
      yield* control.fail({ kind: "hang" }, { path: "/tasks" })
      yield* TestClock.adjust("2200 millis")
      expect(yield* Queue.take(elements)).toMatchObject({
        _tag: "SnapshotFailure",
        failures: 1,
        error: { _tag: "EngineTimedOut", operation: "list tasks" }
      })
      expect(yield* Queue.take(elements)).toMatchObject({ _tag: "SnapshotReading" })
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(layerTest(swarm)))
  )
})
