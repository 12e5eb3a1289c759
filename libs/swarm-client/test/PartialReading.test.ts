import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { ServiceId } from "@evenkeel/domain/Ids"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import type * as Snapshots from "../src/Snapshots.ts"
import { SwarmClient } from "../src/SwarmClient.ts"
import { layerTest, SwarmClientTestControl } from "../src/SwarmClientTest.ts"
import { wireNetwork, wireNode, wireService, wireTask } from "../src/TestWire.ts"

const task = (service: string, slot: number, state = "running") =>
  wireTask({ id: `${service}${slot}`, service, node: `n${slot}`, slot, state })

const swarm = {
  nodes: [wireNode({ id: "n1", leader: true }), wireNode({ id: "n2" })],
  services: ["a", "b", "c"].map((id) => wireService({ id, name: `app_${id}`, replicas: 2 })),
  tasks: ["a", "b", "c"].flatMap((id) => [task(id, 1), task(id, 2)]),
  networks: [wireNetwork("net1", "app_default")]
}

const large = layerTest(swarm, { wholeUpToTasks: 5 })

/** More tasks than one reading asks for without a reason: of f1 a call's worth, of f2 a reading's. */
const sizes = { f1: 400, f2: 1_600, a: 2 }
const larger = {
  nodes: swarm.nodes,
  services: Object.entries(sizes).map(([id, replicas]) => wireService({ id, replicas })),
  tasks: Object.entries(sizes).flatMap(([id, replicas]) =>
    Array.from({ length: replicas }, (_, at) =>
      wireTask({ id: `${id}${at + 1}`, service: id, node: "n1", slot: at + 1 })
    )
  )
}

/** A change that nothing else tells of. */
const otherWords = [{ path: ["Status", "Message"], value: '"other words"' }]

const taskReads = Effect.map(
  Effect.flatMap(SwarmClientTestControl, ({ requests }) => requests),
  (requests) =>
    requests
      .filter(({ path }) => path.endsWith("/tasks"))
      .map(({ query }) => (JSON.parse(query?.["filters"] ?? "{}") as { service?: ReadonlyArray<string> }).service)
)

const ids = ({ tasks }: Snapshot) => tasks.map(({ id }) => id)

/** Reads often enough that nothing counts as fresh. */
const settle = Effect.gen(function* () {
  const client = yield* SwarmClient
  for (let count = 0; count < 3; count++) {
    yield* client.reading
    yield* TestClock.adjust("6 seconds")
  }
})

describe("a large Swarm", () => {
  it.effect("is read as the same snapshot as a small one", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      const { problems, snapshot } = yield* client.reading
      expect(problems).toEqual([])
      expect(ids(snapshot)).toEqual(["a1", "a2", "b1", "b2", "c1", "c2"])
      expect(snapshot.nodes).toHaveLength(2)
      expect(yield* taskReads).not.toContain(undefined)
      const again = (yield* client.reading).snapshot
      expect(again.tasks).toBe(snapshot.tasks)
      expect(again.tasksOnNode(snapshot.nodes[0]?.id ?? ("" as never))).toHaveLength(3)
    }).pipe(Effect.provide(large))
  )

  it.effect("a small one is read as a whole", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      yield* client.reading
      expect(yield* taskReads).toEqual([undefined])
    }).pipe(Effect.provide(layerTest(swarm, { wholeUpToTasks: 6 })))
  )

  it.effect("a task that ended by itself is seen by the count of those that run", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      const control = yield* SwarmClientTestControl
      yield* settle
      yield* control.patch("tasks", "b2", [{ path: ["Status", "State"], value: '"failed"' }])
      const { snapshot } = yield* client.reading
      expect(snapshot.tasks.map(({ id, state }) => `${id} ${state}`)).toContain("b2 failed")
    }).pipe(Effect.provide(large))
  )

  it.effect("what no sign tells of is seen in its turn", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      const control = yield* SwarmClientTestControl
      yield* settle
      yield* control.patch("tasks", "c1", otherWords)
      yield* client.reading
      const { snapshot } = yield* client.reading
      expect(snapshot.tasks.find(({ id }) => id === "c1")?.message).toBe("other words")
    }).pipe(Effect.provide(large))
  )

  it.effect("a service that is removed between two calls costs the others nothing", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      const control = yield* SwarmClientTestControl
      yield* settle
      // The list of services that is read first still names it.
      yield* control.fail({ kind: "status", status: 404, message: "service b not found" }, { path: "/tasks" })
      yield* control.remove("services", "b")
      const { snapshot } = yield* client.reading
      expect(ids(snapshot)).toEqual(["a1", "a2", "c1", "c2"])
    }).pipe(Effect.provide(large))
  )

  it.effect("a first reading that fails half way is taken up again", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      const control = yield* SwarmClientTestControl
      yield* control.fail({ kind: "unreachable" }, { path: "/tasks" })
      yield* Effect.flip(client.reading)
      expect(ids((yield* client.reading).snapshot)).toEqual(["a1", "a2", "b1", "b2", "c1", "c2"])
    }).pipe(Effect.provide(large))
  )

  it.effect("what a reading that fails half way has read is part of the next one", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      const control = yield* SwarmClientTestControl
      yield* client.reading
      yield* TestClock.adjust("6 seconds")
      for (const id of ["f1", "a"])
        yield* control.patch("services", id, [{ path: ["Spec", "Labels"], value: '{"new":"label"}' }])
      yield* control.patch("tasks", "a1", otherWords)
      // The first call is for the tasks of f1, the second for those of a.
      yield* control.fail({ kind: "hang" }, { path: "/tasks" })
      const failing = yield* Effect.fork(Effect.flip(client.reading))
      yield* TestClock.adjust("2 seconds")
      expect((yield* Fiber.join(failing))._tag).toBe("EngineTimedOut")
      expect(yield* taskReads).toContainEqual(["a"])
      // By now nothing about a counts as fresh, and others have not been read for longer.
      yield* TestClock.adjust("6 seconds")
      const before = (yield* taskReads).length
      const { snapshot } = yield* client.reading
      expect((yield* taskReads).slice(before).flat()).toEqual(["f1", "f2"])
      expect(snapshot.tasks.find(({ id }) => id === "a1")?.message).toBe("other words")
    }).pipe(Effect.provide(layerTest(larger, { wholeUpToTasks: 5 })))
  )

  it.effect.each([
    ["reading", "started", "whose turn it is not"],
    ["readingFor", "other words", "that is about to be written"]
  ] as const)("%s: %j of a service %s", ([kind, message]) =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      const control = yield* SwarmClientTestControl
      yield* client.reading
      yield* TestClock.adjust("6 seconds")
      yield* control.patch("tasks", "a1", otherWords)
      const { snapshot } = yield* kind === "reading" ? client.reading : client.readingFor(ServiceId.make("a"))
      expect(snapshot.tasks.find(({ id }) => id === "a1")?.message).toBe(message)
    }).pipe(Effect.provide(layerTest(larger, { wholeUpToTasks: 5 })))
  )

  it.scoped("an event is followed by a reading of the service it names, and of nothing else", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      const control = yield* SwarmClientTestControl
      const elements = yield* Queue.unbounded<Snapshots.SnapshotElement>()
      // Seldom enough that all that follows lies between two readings of everything.
      const stream = client.snapshots({ idleIntervalMs: 60_000, freshForMs: 0 })
      const fiber = yield* Effect.fork(Stream.runForEach(stream, (element) => Queue.offer(elements, element)))
      yield* TestClock.adjust("20 seconds")
      yield* Queue.takeAll(elements)
      const before = (yield* control.requests).length
      yield* control.patch("services", "b", [{ path: ["Spec", "Labels"], value: '{"new":"label"}' }])
      yield* control.patch("tasks", "b1", [{ path: ["DesiredState"], value: '"shutdown"' }])
      yield* control.emit({ Type: "service", Action: "update", Actor: { ID: "b", Attributes: {} }, timeNano: 1 })
      const element = yield* Queue.take(elements)
      if (element._tag !== "SnapshotReading") throw new Error(element.error.message)
      const { snapshot } = element
      expect(snapshot.tasks.find(({ id }) => id === "b1")?.desired).toBe("shutdown")
      expect(snapshot.findService("app_b")?.labels).toEqual({ new: "label" })
      const asked = (yield* control.requests).slice(before).map(({ path, query }) => `${path} ${query?.["filters"]}`)
      expect(asked).toEqual(['/v1.43/services {"id":["b"]}', '/v1.43/tasks {"service":["b"]}'])
      // The task drains: its service is read again and again, long after the event.
      for (let turn = 0; turn < 25; turn++) {
        yield* TestClock.adjust("200 millis")
        yield* Queue.take(elements)
      }
      const readings = (yield* taskReads).filter((services) => services?.includes("b"))
      expect(readings.length).toBeGreaterThan(25)
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(large))
  )
})
