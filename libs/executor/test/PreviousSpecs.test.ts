/** What is kept of users' previous specs, and when it goes. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { journalLabel } from "@evenkeel/domain/MoveJournal"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import { layerTest, SwarmClientTestControl } from "@evenkeel/swarm-client/SwarmClientTest"
import * as PreviousSpecs from "../src/PreviousSpecs.ts"

const time = "2026-01-02T03:04:05Z"
const specOf = (name: string, image: string) =>
  `{"Name":"${name}","Labels":{},"TaskTemplate":{"ContainerSpec":{"Image":"${image}"}},"Mode":{"Replicated":{"Replicas":1}}}`
const serviceOf = (id: string) =>
  `{"ID":"${id}","Version":{"Index":20},"CreatedAt":"${time}","UpdatedAt":"${time}","Spec":${specOf(id, "web:2")},"PreviousSpec":${specOf(id, "web:1")}}`

const ids = ["a", "b", "c"]
const swarm = layerTest({ services: ids.map(serviceOf) })

/** All three keep `web:1`, and are left as a finished move leaves them. */
const moved = Effect.gen(function* () {
  const client = yield* SwarmClient
  const control = yield* SwarmClientTestControl
  for (const id of ids) {
    yield* PreviousSpecs.keep(yield* client.service(id))
    yield* control.patch("services", id, [{ path: ["PreviousSpec"], value: specOf(id, "web:2") }])
  }
})

const keptFor = Effect.flatMap(SwarmClient, ({ listConfigs }) =>
  Effect.map(listConfigs(), (configs) => configs.map(({ labels }) => labels[PreviousSpecs.serviceLabel]).sort())
)

const readOneByOne = Effect.flatMap(SwarmClientTestControl, ({ requests }) =>
  Effect.map(requests, (all) => all.flatMap(({ path }) => /\/services\/(\w+)$/.exec(path)?.[1] ?? []))
)

describe("sweeping what is kept", () => {
  it.effect("leaves what a rollback would need, and asks for no service by itself", () =>
    Effect.gen(function* () {
      yield* moved
      const before = (yield* readOneByOne).length
      expect(yield* PreviousSpecs.sweep()).toBe(0)
      expect(yield* keptFor).toEqual(ids)
      expect((yield* readOneByOne).slice(before)).toEqual([])
    }).pipe(Effect.provide(swarm))
  )

  it.effect("removes what belongs to a service that is gone, or that somebody has deployed since", () =>
    Effect.gen(function* () {
      yield* moved
      const control = yield* SwarmClientTestControl
      yield* control.remove("services", "a")
      yield* control.patch("services", "b", [{ path: ["Spec"], value: specOf("b", "web:3") }])
      expect(yield* PreviousSpecs.sweep()).toBe(2)
      expect(yield* keptFor).toEqual(["c"])
    }).pipe(Effect.provide(swarm))
  )

  it.effect("in the middle of a move, and where a service cannot be read, goes by the specs themselves", () =>
    Effect.gen(function* () {
      yield* moved
      const control = yield* SwarmClientTestControl
      const marked = specOf("b", "web:2").replace('"Labels":{}', `"Labels":{"${journalLabel}":"?"}`)
      yield* control.patch("services", "b", [{ path: ["Spec"], value: marked }])
      yield* control.put("services", `{"ID":"broken","Version":{"Index":20},"CreatedAt":"${time}","Spec":7}`)
      expect(yield* PreviousSpecs.sweep()).toBe(0)
      expect(yield* keptFor).toEqual(ids)
    }).pipe(Effect.provide(swarm))
  )
})
