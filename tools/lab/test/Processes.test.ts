import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { describe, expect } from "vitest"
import * as Processes from "../src/Processes.ts"

const line = (command: string, state = "S") =>
  `4242 (${command}) ${state} 17 4242 4242 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1000 2000 18446744073709551615`

describe("parseStat", () => {
  it("reads the fields the lab needs", () => {
    expect(Processes.parseStat(line("dockerd"))).toEqual({
      pid: 4242,
      command: "dockerd",
      state: "S",
      parent: 17,
      startTicks: 987654
    })
  })

  it("takes commands with spaces and parentheses", () => {
    expect(Processes.parseStat(line("a (b) c) d"))).toMatchObject({
      command: "a (b) c) d",
      parent: 17,
      startTicks: 987654
    })
  })

  it("refuses what is not such a line", () => {
    expect(["", "12 sh S 1", "12 (sh) S 1", "x (sh) S 1"].map(Processes.parseStat)).toEqual(Array(4).fill(undefined))
  })
})

const sleeper = Effect.acquireRelease(
  Effect.sync(() => spawn("sleep", ["600"], { env: { LAB_TEST_MARK: "here" } })),
  (child) => Effect.sync(() => child.kill("SIGKILL"))
)

describe.runIf(process.platform === "linux")("processes of this machine", () => {
  it.scopedLive("ends exactly the identified process", () =>
    Effect.gen(function* () {
      const { pid = 0 } = yield* sleeper
      const identity = yield* Processes.identify(pid)
      if (identity === undefined) return expect.fail("the child is not listed")
      const stranger = new Processes.ProcessIdentity({ pid, startTicks: identity.startTicks + 1 })
      yield* Processes.kill(stranger, "a namesake")
      expect(yield* Processes.isAlive(identity)).toBe(true)
      yield* Processes.kill(identity, "the child")
      expect(yield* Processes.isAlive(identity)).toBe(false)
    })
  )

  it.scopedLive("finds processes by their environment", () =>
    Effect.gen(function* () {
      const { pid } = yield* sleeper
      const find = (accepts: (value: string) => boolean) => Processes.findByEnvironment("LAB_TEST_MARK", accepts)
      // The environment is the child's own only after exec.
      const found = yield* find((value) => value === "here").pipe(Effect.repeat({ until: (all) => all.length > 0 }))
      expect(found.map((identity) => identity.pid)).toContain(pid)
      expect(yield* find((value) => value === "elsewhere")).toEqual([])
    })
  )

  it.effect("lists this process as a child of its parent", () =>
    Effect.gen(function* () {
      const children = yield* Processes.childrenOf(process.ppid)
      expect(children.map((child) => child.pid)).toContain(process.pid)
    })
  )
})
