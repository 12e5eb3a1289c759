/** This project's own client against the embedded engine, over its socket: what the rebalancer and the command line rely on. */
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { ServiceId } from "@evenkeel/domain/Ids"
import * as EngineEndpoint from "@evenkeel/swarm-client/EngineEndpoint"
import * as SpecText from "@evenkeel/swarm-client/SpecText"
import { layer, SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import { type Sim, spec, startSim } from "./harness.ts"

let sim: Sim
beforeEach(async () => {
  sim = await startSim({ nodes: 4, managers: 3 })
})
afterEach(() => sim.stop())

const withClient = <A, E>(effect: Effect.Effect<A, E, SwarmClient>, node = "n1"): Promise<A> =>
  Effect.runPromise(
    Effect.provide(effect, layer({ endpoint: EngineEndpoint.unixSocket(sim.socketOf(node)) })) as Effect.Effect<A, E>
  )

const create = async (name: string, replicas: number): Promise<ServiceId> => {
  const { json } = await sim.call("POST", "/services/create", spec(name, replicas))
  sim.advance(20_000)
  return ServiceId.make(json.ID)
}

describe("the client", () => {
  it("reads the whole Swarm without problems", async () => {
    await create("web", 4)
    const { problems, snapshot } = await withClient(Effect.flatMap(SwarmClient, ({ reading }) => reading))
    expect(problems).toEqual([])
    expect(snapshot.nodes.map(({ hostname, state }) => [hostname, state]).toSorted()).toEqual([
      ["n1", "ready"],
      ["n2", "ready"],
      ["n3", "ready"],
      ["n4", "ready"]
    ])
    expect(snapshot.services.map(({ mode, name }) => [name, mode])).toEqual([
      ["web", { kind: "replicated", replicas: 4 }]
    ])
    expect(snapshot.tasks.map(({ node, state }) => [node !== null, state])).toEqual(
      Array.from({ length: 4 }, () => [true, "running"])
    )
    expect(new Set(snapshot.tasks.map(({ node }) => node)).size).toBe(4)
    expect(snapshot.readBy).toBe(snapshot.nodes.find(({ hostname }) => hostname === "n1")?.id)
  })

  it("patches a spec losslessly, and nothing restarts", async () => {
    const id = await create("web", 2)
    const tasks = () => withClient(Effect.flatMap(SwarmClient, (client) => client.tasks({ desiredState: ["running"] })))
    const before = (await tasks()).map((task) => task.id)
    const text = await withClient(
      Effect.gen(function* () {
        const client = yield* SwarmClient
        const { specText, version } = yield* client.service(id)
        const { text: patched } = yield* SpecText.apply(specText, [
          { path: ["Labels", "evenkeel.group"], value: '"vvm"' }
        ])
        yield* client.updateService({ id, version, specText: patched })
        return patched
      })
    )
    sim.advance(20_000)
    const after = await withClient(Effect.flatMap(SwarmClient, (client) => client.service("web")))
    expect(after.specText).toBe(text)
    expect(after.service.labels).toEqual({ "evenkeel.group": "vvm" })
    expect((await tasks()).map((task) => task.id)).toEqual(before)
  })

  it("is told of a version that has passed, of what does not exist, and of a worker", async () => {
    const id = await create("web", 1)
    const error = (effect: Effect.Effect<unknown, unknown, SwarmClient>, node = "n1") =>
      withClient(
        Effect.map(Effect.flip(effect), (found) => (found as { readonly _tag: string })._tag),
        node
      )
    const stale = Effect.gen(function* () {
      const client = yield* SwarmClient
      const { specText, version } = yield* client.service(id)
      yield* client.updateService({ id, version, specText })
      yield* client.updateService({ id, version, specText })
    })
    expect(await error(stale)).toBe("ServiceVersionConflict")
    expect(await error(Effect.flatMap(SwarmClient, ({ service }) => service("none")))).toBe("ServiceNotFound")
    expect(await error(Effect.flatMap(SwarmClient, ({ node }) => node("n9")))).toBe("NodeNotFound")
    expect(
      await error(
        Effect.flatMap(SwarmClient, ({ reading }) => reading),
        "n4"
      )
    ).toBe("NotAManager")
    await sim.call("POST", "/_sim/faults", { _tag: "crash", node: "n2" })
    await sim.call("POST", "/_sim/faults", { _tag: "crash", node: "n3" })
    expect(await error(Effect.flatMap(SwarmClient, ({ nodes }) => nodes))).toBe("SwarmHasNoLeader")
  })

  it("follows events", async () => {
    const seen = withClient(
      Effect.gen(function* () {
        const client = yield* SwarmClient
        const notices = client.events().pipe(
          // Something happens as soon as the connection stands.
          Stream.tap((notice) =>
            notice._tag === "EventsConnected"
              ? Effect.promise(() => sim.call("POST", "/services/create", spec("web", 0)))
              : Effect.void
          ),
          Stream.take(2)
        )
        return Chunk.toReadonlyArray(yield* Stream.runCollect(notices))
      })
    )
    expect((await seen)[1]).toMatchObject({ _tag: "EngineEvent", type: "service", action: "create" })
  })
})
