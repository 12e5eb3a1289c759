import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { describe, expect } from "vitest"
import * as SwarmDriver from "../../src/swarm/SwarmDriver.ts"
import type { TaskSignals } from "../../src/swarm/TaskRuntime.ts"
import { specOf, valueOf } from "./Cluster.ts"

const states = (driven: SwarmDriver.DrivenSwarm) =>
  driven.port.list("task").map((task) => (task["Status"] as { readonly State: string }).State)

describe("the driver", () => {
  it.scoped("moves the Swarm with the clock, and no further", () =>
    Effect.gen(function* () {
      const driven = yield* SwarmDriver.make({ seed: 2 })
      valueOf(driven.port.createService(specOf("web", { replicas: 2 })))
      expect(states(driven)).toEqual([])
      yield* TestClock.adjust("100 millis")
      const soon = driven.swarm.list("task").length
      yield* TestClock.adjust("5 seconds")
      expect([soon, states(driven)]).toEqual([2, ["running", "running"]])
      expect(driven.port.nowMillis()).toBe(5100)
    })
  )

  it.scoped("moves it by itself, without being asked, whenever something is due", () =>
    Effect.gen(function* () {
      const driven = yield* SwarmDriver.make({})
      valueOf(driven.port.createService(specOf("web")))
      let commits = 0
      driven.port.onChange(() => void commits++)
      yield* TestClock.adjust("5 seconds")
      expect(commits).toBeGreaterThan(4)
    })
  )

  it.scoped("passes time faster when told to", () =>
    Effect.gen(function* () {
      const driven = yield* SwarmDriver.make({ speed: 10 })
      valueOf(driven.port.fault({ _tag: "crash", node: "n3" }))
      yield* TestClock.adjust("2 seconds")
      const nodes = driven.port.list("node").map((node) => (node["Status"] as { readonly State: string }).State)
      expect(nodes).toEqual(["ready", "ready", "down"])
    })
  )

  it.scoped("wakes when a runtime has news from outside", () =>
    Effect.gen(function* () {
      const signals: Array<TaskSignals> = []
      const driven = yield* SwarmDriver.make({
        runtime: ({ schedule }) => ({
          prepare: (_, given) => {
            signals.push(given)
            const now = (action: () => void) => void schedule(0, action)
            given.prepared()
            const nothing = () => undefined
            return {
              start: () => now(() => given.started(["127.77.0.2/8"])),
              stop: () => now(() => given.exited(0)),
              kill: nothing,
              freeze: nothing,
              thaw: nothing,
              setHealthy: nothing
            }
          }
        })
      })
      valueOf(driven.port.createService(specOf("web")))
      yield* TestClock.adjust("2 seconds")
      expect(states(driven)).toEqual(["running"])
      signals[0]?.exited(1, "the process fell over")
      yield* TestClock.adjust("200 millis")
      expect(driven.port.list("task")[0]?.["Status"]).toMatchObject({ State: "failed", Err: "the process fell over" })
    })
  )
})
