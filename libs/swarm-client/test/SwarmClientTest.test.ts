import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { NodeId, RaftIndex, ServiceId } from "@evenkeel/domain/Ids"
import * as SpecText from "../src/SpecText.ts"
import { SwarmClient } from "../src/SwarmClient.ts"
import { layerTest, SwarmClientTestControl } from "../src/SwarmClientTest.ts"
import { wireNetwork, wireNode, wireService, wireTask } from "../src/TestWire.ts"

const swarm = layerTest({
  nodes: [wireNode({ id: "n1", leader: true })],
  services: [wireService({ id: "s1", name: "app_web" }), wireService({ id: "s2", name: "app_db", index: 25 })],
  tasks: [
    wireTask({ id: "t1", service: "s1", node: "n1" }),
    wireTask({ id: "t2", service: "s1", desired: "shutdown" }),
    wireTask({ id: "t3", service: "s2" })
  ],
  networks: [wireNetwork("net1", "app_default")]
})

describe("layerTest", () => {
  it.effect("an update swaps the spec, keeps the previous one and raises the version", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      const { specText, version } = yield* client.service("app_web")
      const { inverse, text } = yield* SpecText.apply(specText, [
        { path: ["Mode", "Replicated", "Replicas"], value: "2" },
        { path: ["TaskTemplate", "ContainerSpec", "Ulimits"], value: '[{"Hard":9223372036854775807}]' }
      ])
      yield* client.updateService({ id: ServiceId.make("s1"), version, specText: text })
      const after = yield* client.service("s1")
      expect(after.specText).toBe(text)
      expect(after.previousSpecText).toBe(specText)
      expect(after.service.replicas).toBe(2)
      expect(after.service.previous?.replicas).toBe(1)
      expect(after.version).toBe(31)
      const undone = yield* SpecText.apply(after.specText, inverse)
      expect(undone.text).toBe(specText)
    }).pipe(Effect.provide(swarm))
  )

  it.effect("a stale version is a conflict and changes nothing", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      const { specText, version } = yield* client.service("s1")
      yield* client.updateService({ id: ServiceId.make("s1"), version, specText })
      const again = yield* Effect.flip(client.updateService({ id: ServiceId.make("s1"), version, specText: "{}" }))
      expect(again).toMatchObject({ _tag: "ServiceVersionConflict", service: "s1", basedOnVersion: version })
      expect((yield* client.service("s1")).specText).toBe(specText)
      const node = { id: NodeId.make("n1"), version: RaftIndex.make(1), specText: "{}" }
      expect(yield* Effect.flip(client.updateNode(node))).toMatchObject({ _tag: "NodeVersionConflict" })
    }).pipe(Effect.provide(swarm))
  )

  it.effect("a rollback swaps the specs; without a previous one it is refused", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      const id = ServiceId.make("s1")
      const { specText, version } = yield* client.service("s1")
      const early = yield* Effect.flip(client.updateService({ id, version, specText, rollback: "previous" }))
      expect(early).toMatchObject({ _tag: "EngineRejected", status: 400 })
      const changed = specText.replace('"Replicas":1', '"Replicas":5')
      yield* client.updateService({ id, version, specText: changed })
      const bumped = yield* client.service("s1")
      yield* client.updateService({ id, version: bumped.version, specText: bumped.specText, rollback: "previous" })
      const after = yield* client.service("s1")
      expect(after.specText).toBe(specText)
      expect(after.previousSpecText).toBe(changed)
      expect(after.service.updateState).toBe("rollback_started")
    }).pipe(Effect.provide(swarm))
  )

  it.effect("an update of a node keeps its text", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      const { node, specText, version } = yield* client.nodeSpec("n1")
      expect(node.availability).toBe("active")
      const { text } = yield* SpecText.apply(specText, [{ path: ["Availability"], value: '"drain"' }])
      yield* client.updateNode({ id: node.id, version, specText: text })
      expect((yield* client.node("n1")).availability).toBe("drain")
    }).pipe(Effect.provide(swarm))
  )

  it.effect("filters tasks by service, node and wanted state", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      const ids = (filter: Parameters<typeof client.tasks>[0]) =>
        Effect.map(client.tasks(filter), (tasks) => tasks.map(({ id }) => id))
      expect(yield* ids({})).toEqual(["t1", "t2", "t3"])
      expect(yield* ids({ service: ["app_web"] })).toEqual(["t1", "t2"])
      expect(yield* ids({ service: ["s1"], desiredState: ["running"] })).toEqual(["t1"])
      expect(yield* ids({ node: ["n1"] })).toEqual(["t1"])
    }).pipe(Effect.provide(swarm))
  )

  it.effect("fails as told: once, on one path, before or after the call's effect", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      const control = yield* SwarmClientTestControl
      yield* control.fail({ kind: "unreachable" }, { path: "/nodes" })
      expect(yield* client.tasks()).toHaveLength(3)
      expect(yield* Effect.flip(client.nodes)).toMatchObject({ _tag: "EngineUnreachable" })
      expect(yield* client.nodes).toHaveLength(1)
      yield* control.fail({ kind: "hang" }, { path: "/services/s1/update", afterEffect: true })
      const { specText, version } = yield* client.service("s1")
      const update = yield* Effect.fork(client.updateService({ id: ServiceId.make("s1"), version, specText }))
      yield* TestClock.adjust("2 seconds")
      expect(yield* Effect.flip(Fiber.join(update))).toMatchObject({ _tag: "EngineTimedOut" })
      expect((yield* client.service("s1")).version).toBeGreaterThan(version)
    }).pipe(Effect.provide(swarm))
  )

  it.effect("what is put and removed is there and gone", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      const control = yield* SwarmClientTestControl
      yield* control.put("tasks", wireTask({ id: "t9", service: "s2", index: 1 }))
      yield* control.remove("tasks", "t1")
      const tasks = yield* client.tasks()
      expect(tasks.map(({ id }) => id)).toEqual(["t2", "t3", "t9"])
      expect(tasks.at(-1)?.version).toBe(31)
    }).pipe(Effect.provide(swarm))
  )

  it.scoped("sends events to who listens", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      const control = yield* SwarmClientTestControl
      const taken = yield* Effect.fork(Stream.runCollect(Stream.take(client.events(), 2)))
      yield* TestClock.adjust(0)
      yield* control.emit({ Type: "node", Action: "update", Actor: { ID: "n1", Attributes: { "state.new": "down" } } })
      expect([...(yield* Fiber.join(taken))]).toMatchObject([
        { _tag: "EventsConnected" },
        { id: "n1", attributes: { "state.new": "down" } }
      ])
    }).pipe(Effect.provide(swarm))
  )

  it.effect("info, version and ping", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      expect(yield* client.info).toMatchObject({ nodeId: "n1", isManager: true, apiVersion: "1.43" })
      expect(yield* client.systemDockerVersion).toMatchObject({ engineVersion: "24.0.7", minApiVersion: "" })
      expect(yield* client.ping).toMatchObject({ apiVersion: "1.43", server: "Docker/24.0.7 (linux)" })
    }).pipe(Effect.provide(swarm))
  )
})

describe("configs", () => {
  it.effect("are made, found by their labels, relabelled and removed; the data stays as it is", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      const data = '{"text":"\\u003cß\u2713","number":9223372036854775807}'
      const id = yield* client.createConfig({ name: "kept-s1", labels: { owner: "s1", kind: "kept" }, data })
      yield* client.createConfig({ name: "other", labels: { owner: "s2" }, data: "x" })
      const [config, ...others] = yield* client.listConfigs({ labels: { owner: "s1", kind: null } })
      expect(others).toEqual([])
      expect(config).toMatchObject({ id, name: "kept-s1", labels: { owner: "s1", kind: "kept" }, data })
      expect(yield* client.listConfigs()).toHaveLength(2)

      const version = config?.version ?? RaftIndex.make(0)
      yield* client.updateConfigLabels({ id, version, labels: { owner: "s3" } })
      const [relabelled] = yield* client.listConfigs({ labels: { owner: "s3" } })
      expect(relabelled).toMatchObject({ id, labels: { owner: "s3" }, data })
      const conflict = yield* Effect.flip(client.updateConfigLabels({ id, version, labels: {} }))
      expect(conflict._tag).toBe("ConfigVersionConflict")

      yield* client.removeConfig(id)
      expect(yield* Effect.flip(client.removeConfig(id))).toMatchObject({ _tag: "ConfigNotFound", config: id })
    }).pipe(Effect.provide(swarm))
  )
  it.effect("have names that no two share", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      const config = { name: "kept-s1", labels: {}, data: "x" }
      yield* client.createConfig(config)
      expect(yield* Effect.flip(client.createConfig(config))).toMatchObject({ _tag: "ConfigNameTaken" })
    }).pipe(Effect.provide(swarm))
  )
})

describe("a reading", () => {
  const networkReads = Effect.gen(function* () {
    const control = yield* SwarmClientTestControl
    return (yield* control.requests).filter(({ path }) => path.endsWith("/networks")).length
  })
  it.effect("reads the networks again only when a service names an unknown one, or after 30 s", () =>
    Effect.gen(function* () {
      const client = yield* SwarmClient
      const control = yield* SwarmClientTestControl
      for (let count = 0; count < 5; count++) yield* client.reading
      expect(yield* networkReads).toBe(1)
      yield* control.put("networks", wireNetwork("net2", "app_extra"))
      yield* control.patch("services", "s1", [
        { path: ["Spec", "TaskTemplate", "Networks"], value: '[{"Target":"net2"}]' }
      ])
      const { snapshot } = yield* client.reading
      expect(snapshot.networks.map(({ name }) => name)).toContain("app_extra")
      expect(yield* networkReads).toBe(2)
      yield* TestClock.adjust("30 seconds")
      yield* client.reading
      expect(yield* networkReads).toBe(3)
    }).pipe(Effect.provide(swarm))
  )
})
