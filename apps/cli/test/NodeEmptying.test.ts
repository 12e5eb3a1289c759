import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as MoveJournal from "@evenkeel/domain/MoveJournal"
import type { TestSwarm } from "@evenkeel/swarm-client/SwarmClientTest"
import { wireNode, wireService, wireTask } from "@evenkeel/swarm-client/TestWire"
import { even, makeShell, nodes, obeyEmpties, obeyPins, placement, type Shell, tied } from "./harness.ts"

const availability = (shell: Pick<Shell, "client">, id: string) =>
  Effect.map(Effect.orDie(shell.client.node(id)), (node) => node.availability)

/** Paths of all writes but configs, `services/svc3` or `nodes/node2`. */
const writes = ({ control }: Shell) =>
  Effect.map(control.requests, (all) =>
    all
      .filter(({ method, path }) => method === "POST" && path.endsWith("/update"))
      .map(({ path }) => path.split("/").slice(2, 4).join("/"))
  )

const specs = ({ client }: Shell) =>
  Effect.map(Effect.orDie(client.services), (services) =>
    services.map(({ labels, placement: { constraints } }) => ({ labels, constraints }))
  )

/** Two more services with tasks on n2: one tied to it by a volume, one on every node. */
const mixed: TestSwarm = {
  ...even,
  services: [...(even.services ?? []), tied("db"), wireService({ id: "agent", name: "agent", replicas: null })],
  tasks: [
    ...(even.tasks ?? []),
    wireTask({ id: "db1", service: "db", node: "node2" }),
    wireTask({ id: "agent2", service: "agent", node: "node2", slot: 0 })
  ]
}

/** Swarm's drain: what is left on the node ends. */
const obeyDrains = (parts: Pick<Shell, "client" | "control">, id: string) =>
  Effect.gen(function* () {
    yield* obeyEmpties(parts, id)
    const { client, control } = parts
    if (!(yield* client.nodes).some((node) => node.id === id && node.availability === "drain")) return
    for (const task of yield* client.tasks({ node: [id] }))
      yield* control.patch("tasks", task.id, [
        { path: ["DesiredState"], value: '"shutdown"' },
        { path: ["Status", "State"], value: '"shutdown"' }
      ])
  }).pipe(Effect.orDie)

describe("node drain", () => {
  it.scoped("moves the tasks one service at a time, closes the node before and drains it after", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even, obeyDrains)
      const before = yield* specs(shell)
      const { code, stderr, stdout } = yield* shell.run("node drain n2", { answers: ["yes"] })
      expect(code).toBe(0)
      expect(stderr).toContain(
        "Before n2 is drained these leave it, one task at a time, each after its successor serves: vvm3, vvm4.\nDrain n2? [y/N]\n[1/2] vvm3: 1 task to leave n2\n"
      )
      expect(stderr).toContain("[2/2] vvm4: done\nn2: 0 tasks left\n")
      expect(stdout.split("\n")[1]).toMatch(/^n2 +ready +drain /)
      expect(yield* placement(shell)).toEqual({ node1: 3, node3: 3 })
      const order = yield* writes(shell)
      expect(order).toEqual([
        "nodes/node2",
        ...Array.from({ length: 3 }, () => "services/svc3"),
        ...Array.from({ length: 3 }, () => "services/svc4"),
        "nodes/node2"
      ])
      expect(yield* specs(shell)).toEqual(before)
    })
  )

  it.scoped("gives the result as a document", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even, obeyDrains)
      const { stdout } = yield* shell.run("node drain n2 --yes --format json")
      expect(JSON.parse(stdout)).toMatchObject({
        kind: "NodeList",
        items: [{ hostname: "n2", availability: "drain", tasks: 0 }],
        moved: [
          { serviceName: "vvm3", tasks: 1 },
          { serviceName: "vvm4", tasks: 1 }
        ],
        failed: []
      })
    })
  )

  it.scoped("refuses, with each reason, where something cannot be moved, and changes nothing", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(mixed, obeyDrains)
      const { code, stderr } = yield* shell.run("node drain n2 --yes")
      expect(code).toBe(1)
      expect(stderr).toContain("tasks of n2 cannot be moved while they serve:\n  db: its state is on its node (/data)")
      expect(stderr).not.toContain("agent")
      expect(stderr).toContain("--force-rest")
      expect(yield* writes(shell)).toEqual([])
    })
  )

  it.scoped("lets a service that must not run twice leave with a gap, where the policy allows that", () =>
    Effect.gen(function* () {
      const services = (even.services ?? []).map((service) => {
        const wire = JSON.parse(typeof service === "string" ? service : JSON.stringify(service)) as {
          readonly ID: string
          readonly Spec: { readonly Labels: object }
        }
        const Labels = { ...wire.Spec.Labels, "evenkeel.order": "stop-first" }
        return wire.ID === "svc3" ? { ...wire, Spec: { ...wire.Spec, Labels } } : wire
      })
      const shell = yield* makeShell({ ...even, services }, obeyDrains)
      const refused = yield* shell.run("node drain n2 --yes")
      expect(refused.code).toBe(1)
      expect(refused.stderr).toContain("  vvm3: by its label evenkeel.order=stop-first a move would leave it without")
      expect(yield* writes(shell)).toEqual([])
      yield* shell.run("policy set allowGaps=true")
      const before = yield* specs(shell)
      const { code, stderr } = yield* shell.run("node drain n2 --yes")
      expect(stderr).toContain("each after its successor serves: vvm3 (with a gap instead), vvm4.")
      expect(code).toBe(0)
      const bodies = (yield* shell.control.requests).flatMap(({ body, method, path }) =>
        method === "POST" && path.includes("svc3") ? [JSON.stringify(body)] : []
      )
      expect(bodies[0]).toContain("stop-first")
      expect(bodies[0]).not.toContain("start-first")
      expect(yield* specs(shell)).toEqual(before)
    })
  )

  it.scoped("--force-rest moves the others first and lets the drain stop the rest", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(mixed, obeyDrains)
      const { code, stderr } = yield* shell.run("node drain n2 --yes --force-rest")
      expect(code).toBe(0)
      expect(stderr).toContain("Swarm's drain then stops the tasks of:\n  db: its state is on its node")
      expect((yield* writes(shell)).at(-1)).toBe("nodes/node2")
      expect(yield* placement(shell)).toEqual({ node1: 3, node3: 3 })
    })
  )

  it.scoped("interrupted, gives the open move up and the node its availability back", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      const before = yield* specs(shell)
      const stderr = yield* shell.interruptAt("node drain n2 --yes", "of its tasks are still to leave")
      expect(stderr).toContain("n2 is active again")
      expect(yield* availability(shell, "node2")).toBe("active")
      expect(yield* specs(shell)).toEqual(before)
      expect(yield* placement(shell)).toEqual({ node1: 2, node2: 2, node3: 2 })
    })
  )

  it.scoped("gives the node its availability back where the drain itself fails", () =>
    Effect.gen(function* () {
      let isFailing = false
      const shell = yield* makeShell(even, (parts, id) =>
        Effect.gen(function* () {
          yield* obeyDrains(parts, id)
          if (id !== "svc4" || isFailing) return
          isFailing = true
          yield* parts.control.fail(
            { kind: "status", status: 500, message: "disk on fire" },
            { path: "/nodes/node2/update" }
          )
        })
      )
      const { code, stderr } = yield* shell.run("node drain n2 --yes")
      expect(code).toBe(1)
      expect(stderr).toContain("n2 is active again\nevenkeel: Docker refused")
      expect(yield* availability(shell, "node2")).toBe("active")
    })
  )

  it.scoped("leaves a node that was paused before as it was when it is interrupted", () =>
    Effect.gen(function* () {
      const paused = wireNode({ id: "node2", hostname: "n2", availability: "pause" })
      const shell = yield* makeShell({ ...even, nodes: [...nodes.slice(0, 1), paused, ...nodes.slice(2)] })
      const stderr = yield* shell.interruptAt("node drain n2 --yes", "of its tasks are still to leave")
      expect(stderr).toContain("n2 is pause again")
      expect(yield* availability(shell, "node2")).toBe("pause")
    })
  )

  it.scoped("asks before it finishes a move that is under way", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even, obeyDrains)
      const label = { path: ["Spec", "Labels", MoveJournal.journalLabel], value: '"not a journal"' }
      yield* shell.control.patch("services", "svc1", [label])
      const declined = yield* shell.run("node drain n2", { answers: ["n"] })
      expect(declined.stderr).toContain("Under way or left over: the move of vvm1.\nFinish it first? [y/N]\n")
      expect(declined.code).toBe(1)
      expect(yield* writes(shell)).toEqual([])
      expect((yield* shell.run("node drain n2", { answers: ["y", "y"] })).code).toBe(0)
      expect((yield* writes(shell))[0]).toBe("services/svc1")
    })
  )

  it.scoped("ends with exit code 3 where a task does not come up elsewhere, the node active as before", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      const { code, stderr } = yield* shell.run("node drain n2 --yes --move-deadline 10s")
      expect(code).toBe(3)
      expect(stderr).toContain(
        "vvm3 could not leave n2: the node was not left before the deadline. 0 of 2 services have left"
      )
      expect(yield* availability(shell, "node2")).toBe("active")
      const journals = (yield* shell.client.services).filter(({ labels }) => MoveJournal.read(labels)._tag !== "None")
      expect(journals).toEqual([])
    })
  )

  it.scoped("--keep-going goes on with the others, drains, and says what was left: exit code 3", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even, (parts, id) => (id === "svc3" ? Effect.void : obeyDrains(parts, id)))
      const { code, stderr, stdout } = yield* shell.run(
        "node drain n2 --yes --keep-going --move-deadline 10s --format json"
      )
      expect(code).toBe(3)
      expect(stderr).toContain("[1/2] vvm3: the node was not left before the deadline; going on with the others")
      expect(JSON.parse(stdout)).toMatchObject({ moved: [{ serviceName: "vvm4" }], failed: [{ serviceName: "vvm3" }] })
      expect(yield* availability(shell, "node2")).toBe("drain")
    })
  )
})

describe("node maintain", () => {
  const obeyAll = (parts: Pick<Shell, "client" | "control">, id: string) =>
    Effect.gen(function* () {
      yield* obeyDrains(parts, id)
      if ((yield* Effect.orDie(parts.client.services)).some((service) => service.id === id)) yield* obeyPins(parts, id)
    })

  it.scoped("takes every node out of service and back, the leader last, and rebalances after each", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even, obeyAll)
      const { code, stderr, stdout } = yield* shell.run("node maintain --all --yes --command reboot")
      expect({ code, stdout }).toEqual({ code: 0, stdout: "3 nodes maintained.\n" })
      expect(shell.commands).toEqual(["n2: reboot", "n3: reboot", "n1: reboot"])
      expect(stderr).toContain("2 moves restore the balance")
      expect(yield* placement(shell)).toEqual({ node1: 2, node2: 2, node3: 2 })
      for (const id of ["node1", "node2", "node3"]) expect(yield* availability(shell, id)).toBe("active")
    })
  )

  it.scoped("waits for Enter where no command is named", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even, obeyAll)
      const { code, stderr } = yield* shell.run("node maintain n2", { answers: ["y", ""] })
      expect(code).toBe(0)
      expect(stderr).toContain("n2 is empty and drained. Do your work; Enter brings it back.")
      expect(yield* availability(shell, "node2")).toBe("active")
    })
  )

  it.scoped("ends where the command fails, and says that the node stays drained", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even, obeyAll)
      const { code, stderr } = yield* shell.run("node maintain --all --yes --command upgrade", {
        exitCodes: { upgrade: 2 }
      })
      expect(code).toBe(1)
      expect(stderr).toContain("n2 stays drained. Bring it back: evenkeel node activate n2")
      expect(stderr).toContain('"upgrade" ended with exit code 2')
      expect(shell.commands).toEqual(["n2: upgrade"])
    })
  )

  it.scoped("needs nodes or --all, and somebody at the terminal or a command", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      expect((yield* shell.run("node maintain --yes --command x")).code).toBe(64)
      const { code, stderr } = yield* shell.run("node maintain n2 --yes")
      expect({ code, stderr }).toEqual({
        code: 64,
        stderr: expect.stringContaining("name what to run then, --command")
      })
      expect(yield* writes(shell)).toEqual([])
    })
  )
})
