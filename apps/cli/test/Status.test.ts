import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { wireNode, wireService, wireTask } from "@evenkeel/swarm-client/TestWire"
import { even, makeShell, nodes, uneven } from "./harness.ts"

describe("status", () => {
  it.scoped("shows nodes, groups and services by node", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(uneven)
      const { code, stderr, stdout } = yield* shell.run("status")
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
      expect(stdout).toBe(`3 of 3 nodes ready, leader n1, uneven: see evenkeel plan

NODE  STATE  AVAILABILITY  MANAGER    TASKS  ID
n1    ready  active        leader         3  node1
n2    ready  active        reachable      3  node2
n3    ready  active        reachable      0  node3

SERVICE    TASKS  n1  n2  n3  SKEW
group vvm    6/6   3   3   0     3
vvm1         1/1   1   0   0     1
vvm2         1/1   1   0   0     1
vvm3         1/1   1   0   0     1
vvm4         1/1   0   1   0     1
vvm5         1/1   0   1   0     1
vvm6         1/1   0   1   0     1
`)
    })
  )

  it.scoped("writes placement out where the terminal is too narrow for a column a node", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      const { stdout } = yield* shell.run("status --color never", { columns: 30 })
      expect(stdout).toContain("balanced\n")
      expect(stdout).toContain("SERVICE    TASKS  SKEW  PLACEMENT\ngroup vvm    6/6     0  n1:2 n2:2 n3:2\n")
    })
  )

  it.scoped("tells what is wrong, and what to try", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell({
        nodes: [...nodes.slice(0, 2), wireNode({ id: "node3", hostname: "n3", state: "down" })],
        services: [
          wireService({ id: "s1", name: "web", replicas: 2, labels: { "evenkeel.rebalance": "sometimes" } }),
          wireService({ id: "s2", name: "db", labels: { "evenkeel.journal.move": "{}" } }),
          wireService({ id: "s3", name: "api", updateState: "paused" })
        ],
        tasks: [
          wireTask({ id: "t1", service: "s1", node: "node1" }),
          wireTask({ id: "t2", service: "s2", node: "node1" }),
          wireTask({ id: "t3", service: "s3", node: "node3" })
        ]
      })
      const { stdout } = yield* shell.run("status")
      expect(stdout).toContain("2 of 3 nodes ready, leader n1")
      expect(stdout).toContain("6 problems\n")
      const problems = stdout.slice(stdout.indexOf("PROBLEMS\n"))
      for (const line of [
        "node n3: is down\n",
        "service web: 1 of 2 tasks serve\n  try: docker service ps --no-trunc web\n",
        "service db: holds the remains of a move\n",
        "service api: 0 of 1 tasks serve\n",
        "service api: its update is paused: it is not moved\n",
        "service web: label evenkeel.rebalance=sometimes: "
      ])
        expect(problems).toContain(line)
      expect(stdout).toMatch(/^MOVE +BY +FROM +TO +SINCE\ndb +leftover +- +- +-$/m)
    })
  )

  it.scoped("goes on where one object cannot be read, and says which", () =>
    Effect.gen(function* () {
      const broken = { ...wireService({ id: "svc7", name: "vvm7" }), Version: {} }
      const shell = yield* makeShell({ ...even, services: [...(even.services ?? []), broken] })
      const { code, stdout } = yield* shell.run("status")
      expect(code).toBe(0)
      expect(stdout).toContain("group vvm    6/6")
      expect(stdout).toMatch(/^swarm: .*vvm7/m)
    })
  )

  it.scoped("is a document of its kind in JSON, without anything else on stdout", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(uneven)
      const { stdout } = yield* shell.run("status --format json", { columns: 80, environment: { FORCE_COLOR: "1" } })
      const status = JSON.parse(stdout)
      expect(status).toMatchObject({
        apiVersion: "evenkeel/v1",
        kind: "Status",
        leader: "n1",
        quorum: true,
        even: false,
        problems: [],
        moves: []
      })
      expect(status.groups).toEqual([
        {
          group: "vvm",
          services: 6,
          serving: 6,
          asked: 6,
          skew: 3,
          placement: [
            { node: "node1", hostname: "n1", tasks: 3, eligible: true },
            { node: "node2", hostname: "n2", tasks: 3, eligible: true },
            { node: "node3", hostname: "n3", tasks: 0, eligible: true }
          ]
        }
      ])
    })
  )

  it.scoped("shows a Swarm without services", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell({ nodes })
      expect((yield* shell.run("status")).stdout).toMatch(/balanced\n[^]*No services yet/)
    })
  )

  it.scoped("--watch reads again until it is interrupted", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      const stop = yield* Effect.fork(shell.interruptAt("status --watch", "cannot be reached"))
      const readings = Effect.map(
        shell.control.requests,
        (all) => all.filter(({ path }) => path.endsWith("/tasks")).length
      )
      while ((yield* readings) < 3) yield* Effect.promise(() => new Promise<void>((resume) => setImmediate(resume)))
      yield* shell.control.fail({ kind: "unreachable" }, { times: 10 })
      yield* stop
    })
  )
})
