import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { wireNode } from "@evenkeel/swarm-client/TestWire"
import { even, makeShell, nodes, type Shell } from "./harness.ts"

/** Swarm's answer to a drain: the node's tasks end. */
const obeyDrain = ({ client, control }: Pick<Shell, "client" | "control">, id: string) =>
  Effect.gen(function* () {
    if ((yield* client.node(id)).availability !== "drain") return
    for (const task of yield* client.tasks({ node: [id] }))
      yield* control.patch("tasks", task.id, [
        { path: ["DesiredState"], value: '"shutdown"' },
        { path: ["Status", "State"], value: '"shutdown"' }
      ])
  }).pipe(Effect.orDie)

const availability = (shell: Shell, id: string) =>
  Effect.map(Effect.orDie(shell.client.node(id)), (node) => node.availability)

describe("node ls", () => {
  it.scoped("lists nodes by hostname", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell({
        nodes: [wireNode({ id: "z", hostname: "n10", role: "worker", availability: "pause" }), ...nodes.slice(0, 2)]
      })
      expect((yield* shell.run("node ls")).stdout).toBe(`NODE  STATE  AVAILABILITY  MANAGER    TASKS  ID
n1    ready  active        leader         0  node1
n2    ready  active        reachable      0  node2
n10   ready  pause         -              0  z
`)
      const { items, kind } = JSON.parse((yield* shell.run("node ls --format json")).stdout)
      expect(kind).toBe("NodeList")
      expect(items.map(({ hostname }: { hostname: string }) => hostname)).toEqual(["n1", "n2", "n10"])
    })
  )
})

describe("node drain --now", () => {
  it.scoped("says what stops, asks, and waits until the node is empty", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even, obeyDrain)
      const { code, stderr, stdout } = yield* shell.run("node drain n2 --now", { answers: ["yes"] })
      expect(code).toBe(0)
      expect(stderr).toBe(
        "Draining n2 stops its 2 tasks at once; Swarm starts them on other nodes. No task of vvm3, vvm4 runs elsewhere: without one until Swarm has started it again.\n" +
          "Drain n2? [y/N]\nn2: 0 tasks left\n"
      )
      expect(stdout.split("\n")[1]).toBe("n2    ready  drain         reachable      0  node2")
    })
  )

  it.scoped("changes nothing but the availability of the raw spec", () =>
    Effect.gen(function* () {
      const spec = '{"Labels":{"a":"\\u003c"},"Role":"manager","Availability":"active","Future":9223372036854775807}'
      const text = JSON.stringify(wireNode({ id: "node3", hostname: "n3" })).replace(
        /"Spec":\{.*?\},("Description")/,
        `"Spec":${spec},$1`
      )
      const shell = yield* makeShell({ nodes: [...nodes.slice(0, 2), text] })
      expect((yield* shell.run("node drain node3 --now --yes --detach")).code).toBe(0)
      const [posted] = (yield* shell.control.requests).filter(({ method }) => method === "POST")
      expect(posted?.body).toBe(spec.replace('"active"', '"drain"'))
    })
  )

  it.scoped("without a terminal needs --yes, and names it", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      const { code, stderr } = yield* shell.run("node drain n2 --now")
      expect(code).toBe(64)
      expect(stderr).toContain('"evenkeel node drain n2" asks before it acts')
      expect(yield* availability(shell, "node2")).toBe("active")
    })
  )

  it.scoped("is not converged when tasks stay: exit code 3, and the node stays drained", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      const { code, stderr, stdout } = yield* shell.run("node drain n2 --now --yes --timeout 10s")
      expect({ code, stdout }).toEqual({ code: 3, stdout: "" })
      expect(stderr).toContain("n2: 2 tasks left\nevenkeel: node n2 is not empty after 10 s; it stays drained.")
      expect(yield* availability(shell, "node2")).toBe("drain")
    })
  )

  it.scoped("of a node that somebody else has just written: exit code 4", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      const message = "rpc error: code = Unknown desc = update out of sequence"
      yield* shell.control.fail({ kind: "status", status: 500, message }, { path: "/nodes/node2/update" })
      const { code, stderr } = yield* shell.run("node drain n2 --now --yes")
      expect(code).toBe(4)
      expect(stderr).toMatch(/Node node2 has changed since version \d+/)
    })
  )

  it.scoped("of a name that no node has: the nearest one is offered", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell({
        nodes: [wireNode({ id: "a", hostname: "worker-1", leader: true }), wireNode({ id: "b", hostname: "db" })]
      })
      const { code, stderr } = yield* shell.run("node drain wroker-1 --yes")
      expect(code).toBe(1)
      expect(stderr).toBe(
        'evenkeel: there is no node wroker-1. Did you mean "worker-1"? "evenkeel node ls" names those there are\n'
      )
    })
  )

  it.scoped("of a hostname that two nodes share: asks for the id", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell({ nodes: [...nodes, wireNode({ id: "node4", hostname: "n3" })] })
      const { stderr } = yield* shell.run("node drain n3 --yes")
      expect(stderr).toBe("evenkeel: several nodes have the hostname n3: name one by its id, node3 or node4\n")
    })
  )
})

describe("node activate", () => {
  it.scoped("lets the node take tasks again, and says that none comes back by itself", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell({
        ...even,
        nodes: [...nodes.slice(0, 2), wireNode({ id: "node3", hostname: "n3", availability: "drain" })]
      })
      const { code, stderr, stdout } = yield* shell.run("node activate n3")
      expect(code).toBe(0)
      expect(stderr).toContain("n3 takes tasks again.")
      expect(stdout.split("\n")[1]).toMatch(/^n3 +ready +active /)
      expect(yield* availability(shell, "node3")).toBe("active")
      expect((yield* shell.run("node activate n3")).stderr).toBe("n3 is active already\n")
    })
  )
})
