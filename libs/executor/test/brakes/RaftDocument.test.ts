import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { layerTest, SwarmClientTestControl } from "@evenkeel/swarm-client/SwarmClientTest"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import * as Policy from "../../src/brakes/Policy.ts"
import * as PolicyStore from "../../src/brakes/PolicyStore.ts"
import * as RaftDocument from "../../src/brakes/RaftDocument.ts"

const words = RaftDocument.make({ kind: "words", schema: Schema.Array(Schema.String), none: [] })
const adding = (word: string) => (before: ReadonlyArray<string>) => [...before, word]

const withEngine = <A, E>(test: Effect.Effect<A, E, SwarmClient | SwarmClientTestControl>) =>
  Effect.provide(test, layerTest({}))

const names = Effect.flatMap(SwarmClient, ({ listConfigs }) =>
  Effect.map(listConfigs(), (configs) => configs.map(({ name }) => name).sort())
)

/** The engine for a writer that others overtake: they write `before` and `after` it first does. */
const overtaken = (
  client: typeof SwarmClient.Service,
  before: Effect.Effect<unknown, unknown, SwarmClient>,
  after: Effect.Effect<unknown, unknown, SwarmClient> = Effect.void
): typeof client => {
  let isFirst = true
  return {
    ...client,
    createConfig: (config) =>
      Effect.suspend(() => {
        if (!isFirst) return client.createConfig(config)
        isFirst = false
        return Effect.orDie(before).pipe(
          Effect.zipRight(client.createConfig(config)),
          Effect.zipLeft(Effect.orDie(after)),
          Effect.provideService(SwarmClient, client)
        )
      })
  }
}

describe("a document in the Swarm's raft", () => {
  it.effect("is what it is without one, and then the newest of its configs, of which one is left", () =>
    withEngine(
      Effect.gen(function* () {
        expect(yield* words.read()).toEqual({ value: [], revision: 0, id: null })
        yield* words.change(adding("a"))
        yield* words.change(adding("b"))
        const held = yield* words.read()
        expect(held).toMatchObject({ value: ["a", "b"], revision: 2 })
        expect(yield* words.read(held)).toBe(held)
        expect(yield* names).toEqual(["evenkeel-words-2"])
      })
    )
  )

  it.effect("is not written when nothing changes", () =>
    withEngine(
      Effect.gen(function* () {
        yield* words.change(adding("a"))
        const { revision } = yield* words.change((before) => [...before])
        expect(revision).toBe(1)
      })
    )
  )

  it.effect("is changed at a revision only while that one holds", () =>
    withEngine(
      Effect.gen(function* () {
        yield* words.changeAt(0, adding("a"))
        const error = yield* Effect.flip(words.changeAt(0, adding("b")))
        expect(error).toMatchObject({ _tag: "DocumentChanged", expected: 0, holds: 1 })
        // Nor when it would change nothing: what was looked at is of the past.
        expect((yield* Effect.flip(words.changeAt(0, (before) => before)))._tag).toBe("DocumentChanged")
        expect((yield* words.changeAt(1, adding("c"))).value).toEqual(["a", "c"])
      })
    )
  )

  it.effect("of two writers at the same revision one is told", () =>
    withEngine(
      Effect.gen(function* () {
        const both = yield* Effect.fork(
          Effect.forEach(["a", "b"], (word) => Effect.either(words.changeAt(0, adding(word))), {
            concurrency: "unbounded"
          })
        )
        yield* TestClock.adjust("5 seconds")
        expect((yield* Fiber.join(both)).map(({ _tag }) => _tag).sort()).toEqual(["Left", "Right"])
        expect((yield* words.read()).value).toHaveLength(1)
      })
    )
  )

  it.effect("loses no change of writers that come at the same time", () =>
    withEngine(
      Effect.gen(function* () {
        const all = ["a", "b", "c", "d", "e"]
        const writers = yield* Effect.fork(
          Effect.forEach(all, (word) => words.change(adding(word)), { concurrency: "unbounded" })
        )
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(writers)
        const { revision, value } = yield* words.read()
        expect([...value].sort()).toEqual(all)
        expect(revision).toBe(5)
        expect(yield* names).toEqual(["evenkeel-words-5"])
      })
    )
  )

  it.effect("a writer that took a name which others had used and removed begins again", () =>
    withEngine(
      Effect.gen(function* () {
        const client = yield* SwarmClient
        yield* words.change(adding("a"))
        // Between this writer's reading and its writing, others go two revisions further and clean up.
        const others = Effect.zipRight(words.change(adding("b")), words.change(adding("c")))
        const engine = overtaken(client, others)
        const writer = yield* Effect.fork(Effect.provideService(words.change(adding("d")), SwarmClient, engine))
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(writer)
        expect((yield* words.read()).value).toEqual(["a", "b", "c", "d"])
        expect(yield* names).toEqual(["evenkeel-words-4"])
      })
    )
  )

  it.effect("so does one that finds only a part of what others have left, since one of them is still removing", () =>
    withEngine(
      Effect.gen(function* () {
        const client = yield* SwarmClient
        yield* words.change(adding("a"))
        let removals = 0
        // It ends after it has removed the first of what is outdated.
        const ending: typeof client = {
          ...client,
          removeConfig: (id) => Effect.suspend(() => (removals++ === 0 ? client.removeConfig(id) : Effect.void))
        }
        const others = Effect.zipRight(words.change(adding("b")), words.change(adding("c")))
        const last = Effect.provideService(words.change(adding("d")), SwarmClient, ending)
        const engine = overtaken(client, others, last)
        const writer = yield* Effect.fork(Effect.provideService(words.change(adding("e")), SwarmClient, engine))
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(writer)
        expect((yield* words.read()).value).toEqual(["a", "b", "c", "d", "e"])
      })
    )
  )

  it.effect("what a dead writer left behind is removed by the next", () =>
    withEngine(
      Effect.gen(function* () {
        const client = yield* SwarmClient
        const labels = { [RaftDocument.kindLabel]: "words" }
        yield* client.createConfig({ name: "evenkeel-words-9", labels, data: '["old"]' })
        yield* client.createConfig({ name: "evenkeel-words-10", labels, data: '["new"]' })
        expect((yield* words.read()).value).toEqual(["new"])
        yield* words.change(adding("x"))
        expect(yield* names).toEqual(["evenkeel-words-11"])
      })
    )
  )

  it.effect("other kinds and other people's configs are left alone", () =>
    withEngine(
      Effect.gen(function* () {
        const client = yield* SwarmClient
        yield* client.createConfig({ name: "evenkeel-words-99", labels: {}, data: "somebody's" })
        yield* PolicyStore.policy.change(() => ({ ...Policy.none, settings: { movesPerHour: 5 } }))
        yield* words.change(adding("a"))
        yield* words.change(adding("b"))
        expect(yield* names).toEqual(["evenkeel-policy-1", "evenkeel-words-2", "evenkeel-words-99"])
        expect((yield* PolicyStore.policy.read()).value.settings).toEqual({ movesPerHour: 5 })
      })
    )
  )

  it.effect("one that cannot be read says which config that is and how to be rid of it", () =>
    withEngine(
      Effect.gen(function* () {
        const client = yield* SwarmClient
        yield* client.createConfig({
          name: "evenkeel-words-1",
          labels: { [RaftDocument.kindLabel]: "words" },
          data: "{}"
        })
        const error = yield* Effect.flip(words.read())
        expect(error._tag).toBe("DocumentUnreadable")
        expect(error.message).toContain("docker config rm evenkeel-words-1")
      })
    )
  )

  it.effect("one that grows too large is refused before the engine is asked", () =>
    withEngine(
      Effect.gen(function* () {
        const error = yield* Effect.flip(words.change(adding("x".repeat(600_000))))
        expect(error._tag).toBe("DocumentTooLarge")
        expect(yield* names).toEqual([])
      })
    )
  )

  it.effect("a policy of a newer version is read as far as it is known", () =>
    withEngine(
      Effect.gen(function* () {
        const client = yield* SwarmClient
        const labels = { [RaftDocument.kindLabel]: "policy" }
        const data = JSON.stringify({ pauses: [], zones: ["a"], settings: { mode: "act", gravity: 9.81 } })
        yield* client.createConfig({ name: "evenkeel-policy-1", labels, data })
        expect((yield* PolicyStore.policy.read()).value).toEqual({ ...Policy.none, settings: { mode: "act" } })
      })
    )
  )
})
