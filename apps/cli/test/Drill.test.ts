import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { wireTask } from "@evenkeel/swarm-client/TestWire"
import { even, makeShell, obeyEmpties, obeyPins, placement, type Shell, tied } from "./harness.ts"

/** Swarm's answer to all that a drill writes: services, and nodes that are drained. */
const obey = (shell: Pick<Shell, "client" | "control">, id: string) =>
  Effect.gen(function* () {
    if (!id.startsWith("node")) {
      yield* obeyEmpties(shell, id)
      return yield* obeyPins(shell, id)
    }
    if ((yield* shell.client.node(id)).availability !== "drain") return
    for (const task of yield* shell.client.tasks({ node: [id] }))
      yield* shell.control.patch("tasks", task.id, [
        { path: ["DesiredState"], value: '"shutdown"' },
        { path: ["Status", "State"], value: '"shutdown"' }
      ])
  }).pipe(Effect.orDie)

const availability = (shell: Shell) => Effect.map(Effect.orDie(shell.client.node("node3")), (node) => node.availability)

const command = "drill n3 --url http://app.example/ --yes --stability 0s --hold 2s"

describe("drill", () => {
  it.scoped("takes the node out of service and back while it asks, and tells what came of it", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even, obey)
      const { code, stderr, stdout } = yield* shell.run(`${command} --json`)
      expect(code, stderr).toBe(0)
      const report = JSON.parse(stdout)
      expect(report).toMatchObject({ kind: "DrillReport", hostname: "n3", failed: 0, failures: [], servicesMoved: 2 })
      expect(report.phases.map(({ name }: { name: string }) => name)).toEqual([
        ...["before", "leaving", "out of service", "coming back", "after"]
      ])
      expect(report.phases[0]).toMatchObject({ seconds: 2, failed: 0 })
      expect(report.phases[0].sent).toBeGreaterThanOrEqual(40)
      expect(report.sent).toBeGreaterThan(120)
      expect(stderr).toContain("asks the URL 20 times a second")
      expect(yield* availability(shell)).toBe("active")
      expect(yield* placement(shell)).toEqual({ node1: 2, node2: 2, node3: 2 })
    })
  )

  it.scoped("counts what fails meanwhile, says where and why, and ends with exit code 7", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even, obey)
      let isOut = false
      const { code, stdout } = yield* shell.run(command, {
        answer: () => Effect.sync(() => (isOut ? "status 502" : null)),
        onTell: (text) => (isOut = text.includes("is out of service for"))
      })
      expect(code).toBe(7)
      expect(stdout).toMatch(/^out of service +2\.0 +\d+ +\d\d /m)
      expect(stdout).toMatch(/ × out of service: http:\/\/app\.example\/: status 502/)
      expect(stdout).toMatch(/^before +2\.0 +\d+ +0 /m)
      expect(yield* availability(shell)).toBe("active")
    })
  )

  it.scoped("changes nothing when requests fail beforehand", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even, obey)
      const { code, stderr, stdout } = yield* shell.run(command, { answer: () => Effect.succeed("ECONNREFUSED") })
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
      expect(stderr).toMatch(/4\d of 4\d requests failed before anything was touched \(ECONNREFUSED\)/)
      expect((yield* shell.control.requests).filter(({ method }) => method === "POST")).toEqual([])
    })
  )

  it.scoped("waits for the answers to what it asked, before it touches the node", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even, obey)
      const late = Effect.delay(Effect.succeed("no whole answer within 10000 ms"), "10 seconds")
      const { code, stderr } = yield* shell.run(command, { answer: () => late })
      expect(code).toBe(1)
      expect(stderr).toContain("failed before anything was touched (no whole answer within 10000 ms)")
      expect((yield* shell.control.requests).filter(({ method }) => method === "POST")).toEqual([])
    })
  )

  it.scoped("refuses to stop a task that has come to the node since it asked", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even, obey)
      const arrival = Effect.gen(function* () {
        yield* shell.control.put("services", tied("db"))
        yield* shell.control.put("tasks", wireTask({ id: "db1", service: "db", node: "node3" }))
      })
      const { code, stderr } = yield* shell.run(command, { answer: () => Effect.as(Effect.orDie(arrival), null) })
      expect(code).toBe(1)
      expect(stderr).toContain("tasks of n3 cannot be moved while they serve:\n  db: ")
      expect(yield* availability(shell)).toBe("active")
    })
  )

  for (const [words, told] of [
    ["leaving the node", "n3 leaves"],
    ["out of service", "n3 is out of service for"],
    ["coming back", "n3 comes back"]
  ] as const)
    it.scoped(`brings the node back when it is interrupted: ${words}`, () =>
      Effect.gen(function* () {
        const shell = yield* makeShell(even, obey)
        const stderr = yield* shell.interruptAt(command, told)
        expect(yield* availability(shell)).toBe("active")
        expect(stderr).toMatch(/^PHASE +SECONDS +REQUESTS/m)
      })
    )

  const refused: ReadonlyArray<readonly [line: string, code: number, stderr: RegExp]> = [
    ["drill n3 --yes", 64, /a drill needs something to ask for/],
    ["drill n3 --url ftp://x --yes", 64, /--url ftp:\/\/x: expected a URL such as/],
    ["drill n3 --url http://x --header Host --yes", 64, /--header "Host": expected a name and a value/],
    ["drill n3 --url http://x --rate 0 --yes", 64, /--rate 0: expected a number above 0, 1000 at most/],
    ["drill n9 --url http://x --yes", 1, /there is no node n9\. Did you mean "n1"/],
    ["drill n3 --url http://x", 64, /"evenkeel drill n3" asks before it acts/]
  ]
  for (const [line, code, stderr] of refused)
    it.scoped(`evenkeel ${line}: refused, and nothing is changed`, () =>
      Effect.gen(function* () {
        const shell = yield* makeShell(even, obey)
        const outcome = yield* shell.run(line)
        expect(outcome).toMatchObject({ code, stdout: "" })
        expect(outcome.stderr).toMatch(stderr)
        expect((yield* shell.control.requests).filter(({ method }) => method === "POST")).toEqual([])
      })
    )
})
