import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { wireService, wireTask } from "@evenkeel/swarm-client/TestWire"
import { even, makeShell, nodes, uneven } from "./harness.ts"

describe("plan", () => {
  it.scoped("shows moves with reasons and the balance before and after", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(uneven)
      const { code, stderr, stdout } = yield* shell.run("plan")
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
      const lines = stdout.split("\n")
      expect(lines[0]).toMatch(/^MOVE +BY +FROM +TO +WHY$/)
      const moves = lines.slice(1, 3).map((line) => line.split(/ {2,}/))
      expect(moves.map(([, by, from, to]) => `${by} ${from} ${to}`).toSorted()).toEqual(["pin n1 n3", "pin n2 n3"])
      for (const move of moves) expect(move[4]).toMatch(/^Moves from n[12] to n3: group vvm has 3 tasks/)
      expect(stdout).toContain("4 other services stay where they are; --explain says why.\n")
      expect(stdout).toContain("now          1       3      3  n1 3, n2 3, n3 0\n")
      expect(stdout).toContain("then         1       0      0  n1 2, n2 2, n3 2\n")
      expect(stdout).toMatch(/\n2 moves, one at a time\.\n$/)
    })
  )

  it.scoped("changes nothing", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(uneven)
      yield* shell.run("plan --out plan.json")
      expect((yield* shell.control.requests).filter(({ method }) => method === "POST")).toEqual([])
    })
  )

  it.scoped("says when there is nothing to move", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      const { stdout } = yield* shell.run("plan")
      expect(stdout).toContain("Nothing to move.\n\n6 services stay where they are; --explain says why.\n")
      expect(stdout).not.toContain("then ")
    })
  )

  it.scoped("names what keeps a service of interest; with --explain every one", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell({
        nodes,
        services: [
          wireService({ id: "s1", name: "agent", replicas: null }),
          wireService({ id: "s2", name: "db", constraints: ["node.hostname==n1"] })
        ],
        tasks: [wireTask({ id: "t1", service: "s2", node: "node1" })]
      })
      const terse = (yield* shell.run("plan")).stdout
      expect(terse).toContain("db: Stays: the constraint node.hostname==n1 ties it to a host.")
      expect(terse).not.toContain("agent:")
      expect(terse).toContain("1 other service stays where it is; --explain says why.\n")
      const whole = (yield* shell.run("plan --explain")).stdout
      expect(whole).toContain("agent: Stays: a global service has its task on every node anyway.\n")
      expect(whole).not.toContain("--explain says why")
    })
  )

  it.scoped("moves with a gap what must not run twice, where the policy in the Swarm allows it", () =>
    Effect.gen(function* () {
      const labels = { "evenkeel.order": "stop-first" }
      const shell = yield* makeShell({
        nodes,
        services: [
          wireService({ id: "s1", name: "db", labels }),
          wireService({ id: "s2", name: "cache", labels: { "evenkeel.rebalance": "off" } })
        ],
        tasks: ["s1", "s2"].map((service) => wireTask({ id: `${service}-1`, service, node: "node1" }))
      })
      const refused = (yield* shell.run("plan")).stdout
      expect(refused).toContain("Nothing to move.")
      expect(refused).toContain(
        "db: Stays: by its label evenkeel.order=stop-first a move would leave it without the moved task for a while, and the policy does not allow that. `evenkeel policy set allowGaps=true` does.\n"
      )
      expect((yield* shell.run("policy set allowGaps=true")).code).toBe(0)
      const allowed = (yield* shell.run("plan")).stdout
      expect(allowed).toMatch(/^db +pin, with a gap +n1 +n[23] +Moves from n1 to n[23] with a gap/m)
      yield* shell.run("plan --out plan.json")
      expect(JSON.parse(shell.files.get("plan.json") ?? "{}")).toMatchObject({ moves: [{ order: "stop-first" }] })
    })
  )

  it.scoped("leaves alone what was deployed within the cool-down", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(uneven)
      const { stdout } = yield* shell.run("plan --cool-down 20h")
      expect(stdout).toContain("Nothing to move.")
      expect(stdout).toContain("vvm1: Stays for now: it was moved or deployed a short while ago.\n")
    })
  )

  it.scoped("--detailed-exitcode: 2 when there are moves, 0 when there are none", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(uneven)
      expect((yield* shell.run("plan --detailed-exitcode")).code).toBe(2)
      expect((yield* (yield* makeShell(even)).run("plan --detailed-exitcode")).code).toBe(0)
    })
  )

  it.scoped("--out writes the document that --format json prints", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(uneven)
      const { stderr, stdout } = yield* shell.run("plan --out plan.json --format json")
      expect(stderr).toBe("written: plan.json. Carry it out: evenkeel apply plan.json\n")
      expect(shell.files.get("plan.json")).toBe(stdout)
      const document = JSON.parse(stdout)
      expect(document).toMatchObject({ apiVersion: "evenkeel/v1", kind: "Plan", coolDownMillis: 900_000 })
      expect(document.moves).toHaveLength(2)
      expect(document.kept).toHaveLength(4)
      expect(document.basedOn.services).toHaveLength(2)
    })
  )
})
