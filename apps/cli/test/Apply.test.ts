import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as MoveJournal from "@evenkeel/domain/MoveJournal"
import { even, makeShell, obeyPins, placement, type Shell, uneven } from "./harness.ts"

const updates = ({ control }: Pick<Shell, "control">) =>
  Effect.map(control.requests, (all) => all.filter(({ method }) => method === "POST").map(({ path }) => path))

/** What a move may have left behind in any service: journals, pins, a start-first order. */
const traces = ({ control }: Pick<Shell, "control">) =>
  Effect.map(
    Effect.forEach(["svc1", "svc2", "svc3", "svc4", "svc5", "svc6"], (id) => control.textOf("services", id)),
    (texts) => texts.join("\n").match(/evenkeel\.journal|node\.id|evenkeel\.move|start-first/g) ?? []
  )

describe("apply", () => {
  it.scoped("makes the moves one at a time and leaves nothing behind", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(uneven, obeyPins)
      const { code, stderr, stdout } = yield* shell.run("apply --yes")
      expect(stderr).toContain("2 moves, one at a time.")
      expect({ code, stdout }).toEqual({ code: 0, stdout: "2 moves made.\n" })
      expect(yield* placement(shell)).toEqual({ node1: 2, node2: 2, node3: 2 })
      expect(yield* traces(shell)).toEqual([])
      // Each move: begin, restore, settle; the second begins after the first has been settled.
      const paths = yield* updates(shell)
      expect(paths).toHaveLength(6)
      expect(new Set(paths.slice(0, 3)).size).toBe(1)
      expect(new Set(paths.slice(3)).size).toBe(1)
      expect(stderr.match(/^\[\d\/2\] vvm\d: .*$/gm)?.map((line) => line.replace(/vvm\d/, "vvm"))).toEqual([
        expect.stringMatching(/^\[1\/2\] vvm: pin from n[12] to n3$/),
        "[1/2] vvm: done",
        expect.stringMatching(/^\[2\/2\] vvm: pin from n[12] to n3$/),
        "[2/2] vvm: done"
      ])
      expect((yield* shell.run("plan --detailed-exitcode")).code).toBe(0)
    })
  )

  it.scoped("gives the result as a document", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(uneven, obeyPins)
      const { stdout } = yield* shell.run("apply --yes --format json")
      expect(JSON.parse(stdout)).toMatchObject({ apiVersion: "evenkeel/v1", kind: "Applied", moved: 2, finished: 0 })
    })
  )

  it.scoped("does nothing, and asks nothing, where nothing is to be moved", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      expect(yield* shell.run("apply")).toMatchObject({ code: 0, stdout: "Nothing to move.\n" })
      expect(yield* updates(shell)).toEqual([])
    })
  )

  it.scoped("asks on a terminal, and takes only yes for an answer", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(uneven, obeyPins)
      const declined = yield* shell.run("apply", { answers: ["n"] })
      expect(declined.code).toBe(1)
      expect(declined.stderr).toMatch(/Make these moves\? \[y\/N\]\nevenkeel: not confirmed, so not done\n$/)
      expect((yield* shell.run("apply", { answers: [] })).code).toBe(1)
      expect(yield* updates(shell)).toEqual([])
      expect((yield* shell.run("apply", { answers: ["y"] })).code).toBe(0)
      expect(yield* placement(shell)).toEqual({ node1: 2, node2: 2, node3: 2 })
    })
  )

  it.scoped("without a terminal and without --yes names the flag", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(uneven)
      const { code, stderr } = yield* shell.run("apply")
      expect(code).toBe(64)
      expect(stderr).toMatch(/"evenkeel apply" asks before it acts.*pass --yes/)
      expect(yield* updates(shell)).toEqual([])
    })
  )

  it.scoped("carries out a plan from a file", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(uneven, obeyPins)
      yield* shell.run("plan --out plan.json")
      expect(yield* shell.run("apply plan.json --yes")).toMatchObject({ code: 0, stdout: "2 moves made.\n" })
      expect(yield* placement(shell)).toEqual({ node1: 2, node2: 2, node3: 2 })
    })
  )

  it.scoped("refuses a plan whose services or nodes have changed: exit code 4", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(uneven, obeyPins)
      yield* shell.run("plan --out plan.json")
      const [move] = JSON.parse(shell.files.get("plan.json") ?? "").moves
      const stale = shell.run("apply plan.json --yes")
      const touch = shell.control.patch("services", move.service, [
        { path: ["Spec", "Labels", "team"], value: '"blue"' }
      ])
      yield* touch
      const { code, stderr, stdout } = yield* stale
      expect({ code, stdout }).toEqual({ code: 4, stdout: "" })
      expect(stderr).toContain(
        `evenkeel: the plan is stale: service ${move.serviceName} was changed since; nothing was moved. Make a new one: evenkeel plan\n`
      )
      yield* shell.run("plan --out plan.json")
      yield* shell.control.patch("nodes", "node3", [{ path: ["Spec", "Labels", "disk"], value: '"ssd"' }])
      expect((yield* stale).stderr).toContain("node n3 was changed since")
      expect(yield* updates(shell)).toEqual([])
    })
  )

  it.scoped("stops with exit code 4 where the Swarm changes between two moves", () =>
    Effect.gen(function* () {
      let begun = 0
      const shell = yield* makeShell(uneven, ({ client, control }, id) =>
        Effect.gen(function* () {
          yield* obeyPins({ client, control }, id)
          begun += 1
          // After the first move's last write: the target is drained.
          if (begun === 3)
            yield* control.patch("nodes", "node3", [{ path: ["Spec", "Availability"], value: '"drain"' }])
        })
      )
      const { code, stderr } = yield* shell.run("apply --yes")
      expect(code).toBe(4)
      expect(stderr).toContain("1 of 2 moves were made")
      expect(yield* traces(shell)).toEqual([])
      expect(yield* updates(shell)).toHaveLength(3)
    })
  )

  it.scoped("clears another's move that shows up between two of its own", () =>
    Effect.gen(function* () {
      let writes = 0
      const shell: Shell = yield* makeShell(uneven, ({ client, control }, id) =>
        Effect.gen(function* () {
          yield* obeyPins({ client, control }, id)
          writes += 1
          if (writes !== 3) return
          const planned = JSON.parse(shell.files.get("plan.json") ?? "").moves.map(
            (move: { service: string }) => move.service
          )
          const other = ["svc1", "svc2", "svc3", "svc4"].find((service) => !planned.includes(service)) ?? ""
          yield* control.patch("services", other, [
            { path: ["Spec", "Labels", MoveJournal.journalLabel], value: '"not a journal"' }
          ])
        })
      )
      yield* shell.run("plan --out plan.json")
      const { code, stderr } = yield* shell.run("apply plan.json --yes")
      expect(stderr).toMatch(/vvm\d: finishing the move that is under way/)
      expect(code).toBe(0)
      expect(yield* traces(shell)).toEqual([])
    })
  )

  it.scoped("undoes a move whose task does not come up: exit code 3", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(uneven)
      const { code, stderr } = yield* shell.run("apply --yes --move-deadline 30s")
      expect(code).toBe(3)
      expect(stderr).toMatch(/the move of vvm\d was undone: the new task did not serve before the deadline/)
      expect(yield* placement(shell)).toEqual({ node1: 3, node2: 3 })
      expect(yield* traces(shell)).toEqual([])
    })
  )

  it.scoped("goes on where the engine does not answer for a while", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(uneven, (parts, id) =>
        Effect.zipRight(obeyPins(parts, id), parts.control.fail({ kind: "unreachable" }, { path: "/tasks", times: 3 }))
      )
      const { code, stderr } = yield* shell.run("apply --yes")
      expect(stderr).toContain("cannot be reached")
      expect(code).toBe(0)
      expect(yield* placement(shell)).toEqual({ node1: 2, node2: 2, node3: 2 })
      expect(yield* traces(shell)).toEqual([])
    })
  )

  it.scoped("interrupted, says who goes on; run again, finishes what is under way first", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(uneven, obeyPins)
      const stderr = yield* shell.interruptAt("apply --yes", "waiting until it has been stable")
      expect(stderr).toContain("A rebalancer in mode act finishes it; so does evenkeel apply.")
      const journals = (yield* shell.client.services).filter(({ labels }) => MoveJournal.read(labels)._tag === "Found")
      expect(journals).toHaveLength(1)

      const status = yield* shell.run("status")
      expect(status.stdout).toMatch(new RegExp(`^MOVE .*\\n${journals[0]?.name} +pin +n[12] +n3 `, "m"))

      const again = yield* shell.run("apply --yes")
      expect(again.stderr).toContain(`Under way or left over: the move of ${journals[0]?.name}.`)
      expect(again).toMatchObject({ code: 0, stdout: "1 move finished. 1 move made.\n" })
      expect(yield* placement(shell)).toEqual({ node1: 2, node2: 2, node3: 2 })
      expect(yield* traces(shell)).toEqual([])
    })
  )

  it.scoped("lets a rebalancer finish the same move", () =>
    Effect.gen(function* () {
      // The other writer restores the spec before this command does: its write then finds another version.
      const shell = yield* makeShell(uneven, ({ client, control }, id) =>
        Effect.gen(function* () {
          yield* obeyPins({ client, control }, id)
          const { service, specText, version } = yield* Effect.orDie(client.service(id))
          if (MoveJournal.read(service.labels)._tag !== "Found") return
          const spec = JSON.parse(specText)
          delete spec.Labels[MoveJournal.journalLabel]
          spec.TaskTemplate.Placement = {}
          delete spec.UpdateConfig
          const restored = JSON.stringify(spec)
          yield* Effect.orDie(client.updateService({ id: service.id, version, specText: restored }))
          const settled = yield* Effect.orDie(client.service(id))
          yield* Effect.orDie(
            client.updateService({ id: service.id, version: settled.version, specText: settled.specText })
          )
        })
      )
      expect(yield* shell.run("apply --yes")).toMatchObject({ code: 0, stdout: "2 moves made.\n" })
      expect(yield* placement(shell)).toEqual({ node1: 2, node2: 2, node3: 2 })
    })
  )

  it.scoped("says what is wrong with a plan file", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(uneven)
      const missing = yield* shell.run("apply nowhere.json --yes")
      expect(missing).toMatchObject({ code: 1, stdout: "" })
      expect(missing.stderr).toContain(
        "evenkeel: plan file nowhere.json cannot be read: it does not exist; write one: evenkeel plan --out nowhere.json\n"
      )
      shell.files.set("other.json", '{"apiVersion":"evenkeel/v1","kind":"Status"}')
      expect((yield* shell.run("apply other.json --yes")).stderr).toContain("it holds no plan of this version")
      shell.files.set("text.json", "not JSON")
      expect((yield* shell.run("apply text.json --yes")).code).toBe(1)
    })
  )
})
