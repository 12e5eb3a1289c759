import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { ServiceId, TaskId, NodeId } from "@evenkeel/domain/Ids"
import * as PolicyStore from "@evenkeel/executor/brakes/PolicyStore"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import { even, makeShell, type Shell } from "./harness.ts"

const stored = ({ client }: Shell) =>
  Effect.map(Effect.orDie(Effect.provideService(PolicyStore.policy.read(), SwarmClient, client)), ({ value }) => value)

describe("pause and resume", () => {
  it.scoped("all services, with an end, a reason and whose word it is", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      const { code, stderr, stdout } = yield* shell.run("pause --for 2h --because backup", {
        environment: { USER: "ann" }
      })
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: "All moves are paused; a move that is under way is brought to its end.\n"
      })
      expect(stdout).toMatch(/^PAUSED +BY +SINCE +UNTIL +BECAUSE\n/)
      expect(stdout).toMatch(/^all services +ann +2026-01-02T12:\S+ +2026-01-02T14:\S+ +backup$/m)
      expect((yield* stored(shell)).pauses).toHaveLength(1)
      const resumed = yield* shell.run("resume")
      expect(resumed.stderr).toBe("Moves may begin again.\n")
      expect((yield* stored(shell)).pauses).toEqual([])
      expect((yield* shell.run("resume")).stderr).toBe("There was no pause of all services.\n")
    })
  )

  it.scoped("one service, by name; one that there is none of is a mistake", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      yield* shell.run("pause vvm3")
      expect((yield* stored(shell)).pauses).toMatchObject([{ service: "svc3", serviceName: "vvm3", untilMillis: null }])
      const { code, stderr } = yield* shell.run("pause vvm9")
      expect([code, stderr]).toEqual([1, expect.stringContaining("There is no service vvm9")])
      yield* shell.run("resume vvm3")
      expect((yield* stored(shell)).pauses).toEqual([])
    })
  )
})

describe("policy", () => {
  it.scoped("show: every setting, where it comes from, and nothing else while there is nothing", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      const { code, stdout } = yield* shell.run("policy show")
      expect(code).toBe(0)
      expect(stdout).toMatch(/^SETTING +VALUE +FROM$/m)
      expect(stdout).toMatch(/^coolDown +15m +default, or EVENKEEL_REBALANCER_COOL_DOWN$/m)
      expect(stdout).not.toContain("PAUSED")
    })
  )

  it.scoped("set and unset: only what is named changes, and other people's settings stay", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      yield* shell.run("policy set mode=act")
      const { stderr, stdout } = yield* shell.run("policy set coolDown=5m movesPerHour=30")
      expect(stderr).toBe("Set for all rebalancers.\n")
      expect(stdout).toMatch(/^coolDown +5m +policy$/m)
      expect((yield* stored(shell)).settings).toEqual({ mode: "act", coolDownMillis: 300_000, movesPerHour: 30 })
      expect((yield* shell.run("policy set mode=act")).stderr).toBe("Set so already.\n")
      yield* shell.run("policy unset coolDown")
      expect((yield* stored(shell)).settings).toEqual({ mode: "act", movesPerHour: 30 })
    })
  )

  it.scoped.each<readonly [line: string, words: string]>([
    ["policy set coolDwn=5m", 'there is no setting coolDwn. Did you mean "coolDown"?'],
    ["policy set coolDown=5", 'expected a duration such as 500ms, 30s or 15m, got "5"'],
    ["policy set mode=on", 'expected observe or act, got "on"\n'],
    ["policy set mode", "expected setting=value"],
    ["policy unset everything", "there is no setting everything."]
  ])("%s: a wrong command line, and nothing is changed", ([line, words]) =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      const { code, stderr, stdout } = yield* shell.run(line)
      expect({ code, stdout }).toEqual({ code: 64, stdout: "" })
      expect(stderr).toContain(words)
      expect((yield* stored(shell)).settings).toEqual({})
    })
  )

  it.scoped("--json is --format json", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      yield* shell.run("policy set movesPerHour=9")
      const { stdout } = yield* shell.run("policy show --json")
      expect(JSON.parse(stdout)).toEqual({
        apiVersion: "evenkeel/v1",
        kind: "Policy",
        revision: 1,
        settings: { movesPerHour: 9 },
        pauses: [],
        quarantines: [],
        approval: null
      })
      expect(yield* shell.run("policy show --format json")).toEqual(yield* shell.run("policy show --json"))
    })
  )
})

describe("history", () => {
  const move = (count: number, outcome: "completed" | "undone") => ({
    operation: `op${count}`,
    service: ServiceId.make("svc1"),
    serviceName: "vvm1",
    strategy: "pin",
    task: TaskId.make("task1"),
    from: NodeId.make("node1"),
    fromName: "n1",
    to: NodeId.make("node3"),
    toName: "n3",
    outcome,
    because: "the target node n3 is down",
    startedAtMillis: count * 60_000,
    endedAtMillis: count * 60_000 + 6_500
  })

  it.scoped("newest first, as many as are wanted", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      expect((yield* shell.run("history")).stdout).toBe("No moves yet.\n")
      yield* PolicyStore.history
        .change(() => ({ moves: [move(3, "undone"), move(2, "completed"), move(1, "completed")] }))
        .pipe(Effect.provideService(SwarmClient, shell.client), Effect.orDie)
      const { stdout } = yield* shell.run("history --limit 2")
      expect(stdout).toBe(
        `ENDED                     SERVICE  BY   FROM  TO   TOOK  RESULT
1970-01-01T00:03:06.500Z  vvm1     pin  n1    n3  6.5 s  undone: the target node n3 is down
1970-01-01T00:02:06.500Z  vvm1     pin  n1    n3  6.5 s  completed
`
      )
      const all = yield* shell.run("history -n 0 --json")
      expect(JSON.parse(all.stdout)).toMatchObject({ kind: "History", items: [{ operation: "op3" }, {}, {}] })
    })
  )
})
