import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { TestSwarm } from "@evenkeel/swarm-client/SwarmClientTest"
import { wireNode, wireService, wireTask } from "@evenkeel/swarm-client/TestWire"
import { makeShell, nodes } from "./harness.ts"
import { healthy, image, withImage } from "./HealthySwarm.ts"

interface Found {
  readonly check: string
  readonly level: string
  readonly subject: string
  readonly finding: string
  readonly cure: string
}

const diagnose = (swarm: TestSwarm, options = "") =>
  Effect.gen(function* () {
    const shell = yield* makeShell(swarm)
    const { code, stdout } = yield* shell.run(`doctor --json ${options}`)
    const { findings, healthy } = JSON.parse(stdout) as {
      readonly healthy: boolean
      readonly findings: ReadonlyArray<Found>
    }
    return { code, healthy, findings, bad: findings.filter(({ level }) => level === "problem" || level === "warning") }
  })

describe("doctor", () => {
  it.scoped("finds a healthy Swarm healthy: exit code 0, one line a check", () =>
    Effect.gen(function* () {
      const { bad, code, findings, healthy: isHealthy } = yield* diagnose(healthy)
      expect(bad).toEqual([])
      expect([code, isHealthy]).toEqual([0, true])
      expect(findings.map(({ check, level }) => `${check} ${level}`)).toEqual([
        "rights ok",
        "managers ok",
        "nodes ok",
        "services ok",
        "labels ok",
        "routes ok",
        "routers ok",
        "rebalancer ok",
        "versions ok",
        "policy ok",
        "routers skipped"
      ])
    })
  )

  const cases: ReadonlyArray<readonly [string, TestSwarm, string, string, RegExp, "problem" | "warning"]> = [
    [
      "a label that cannot be read",
      {
        ...healthy,
        services: [
          ...(healthy.services ?? []).slice(0, 2),
          wireService({ id: "w", name: "web", labels: { "evenkeel.rebalance": "maybe" } })
        ]
      },
      "labels",
      "service web",
      /evenkeel.rebalance=maybe/,
      "problem"
    ],
    [
      "a service that cannot be routed",
      {
        ...healthy,
        services: [
          ...(healthy.services ?? []).slice(0, 2),
          wireService({ id: "w", name: "web", labels: { "evenkeel.port": "80" } })
        ]
      },
      "routes",
      "service web",
      /shares no network with the router/,
      "problem"
    ],
    [
      "a node without a router",
      { ...healthy, tasks: (healthy.tasks ?? []).filter((task) => (task as { ID: string }).ID !== "r-node2") },
      "routers",
      "node n2",
      /no router serves there/,
      "problem"
    ],
    [
      "a manager without a rebalancer",
      { ...healthy, tasks: (healthy.tasks ?? []).filter((task) => (task as { ID: string }).ID !== "b-node3") },
      "rebalancer",
      "node n3",
      /no rebalancer serves there/,
      "problem"
    ],
    [
      "routers of two versions",
      {
        ...healthy,
        tasks: [
          ...(healthy.tasks ?? []).filter((task) => (task as { ID: string }).ID !== "r-node2"),
          withImage(wireTask({ id: "r-node2", service: "r", node: "node2", slot: 0 }), "Task", image("router", "2"))
        ]
      },
      "versions",
      "service router",
      /evenkeel\/router:1, .*evenkeel\/router:2|router:2, .*router:1/,
      "warning"
    ],
    [
      "engines of two versions",
      {
        ...healthy,
        nodes: [
          ...nodes.slice(0, 2),
          {
            ...wireNode({ id: "node3", hostname: "n3" }),
            Description: { Hostname: "n3", Engine: { EngineVersion: "28.0.1" } }
          }
        ]
      },
      "versions",
      "swarm",
      /20\.10\.24 on n1, n2; 28\.0\.1 on n3/,
      "warning"
    ],
    [
      "no margin: a manager is lost",
      {
        ...healthy,
        nodes: [
          ...nodes.slice(0, 2),
          {
            ...wireNode({ id: "node3", hostname: "n3", state: "down" }),
            ManagerStatus: { Reachability: "unreachable", Addr: "" }
          }
        ]
      },
      "managers",
      "swarm",
      /2 of 3 managers are reachable: if one more is lost/,
      "problem"
    ],
    [
      "a single manager",
      {
        ...healthy,
        nodes: [
          nodes[0] ?? {},
          ...["2", "3"].map((n) => wireNode({ id: `node${n}`, hostname: `n${n}`, role: "worker" }))
        ]
      },
      "managers",
      "swarm",
      /there is one manager: none may fail/,
      "warning"
    ]
  ]
  for (const [what, swarm, check, subject, words, level] of cases)
    it.scoped(`${what}: ${level}, with its cure`, () =>
      Effect.gen(function* () {
        const { bad, code } = yield* diagnose(swarm)
        const found = bad.find((finding) => finding.check === check && finding.subject === subject)
        expect(found).toMatchObject({ level, finding: expect.stringMatching(words) })
        expect(found?.cure).not.toBe("")
        expect(code).toBe(bad.some((finding) => finding.level === "problem") ? 6 : 0)
      })
    )

  it.scoped("a socket proxy that lets too little through: which calls, and what they are for", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(healthy)
      for (const path of ["/configs", "/services/evenkeel-doctor-asks/update"])
        yield* shell.control.fail({ kind: "status", status: 403, message: "Forbidden" }, { path, times: 100 })
      const { code, stdout } = yield* shell.run("doctor")
      expect(code).toBe(6)
      expect(stdout).toMatch(/^PROBLEM +rights +GET \/configs: is refused, and is needed for policy and history/m)
      expect(stdout).toMatch(/^PROBLEM +rights +POST \/services\/\{id\}\/update: is refused/m)
      expect(stdout).not.toMatch(/rights +GET \/nodes/)
      expect(stdout).toMatch(/^PROBLEM +policy +swarm: the policy cannot be read, so nothing is moved/m)
      expect(stdout).toMatch(/\d problems, 0 warnings\.\n$/)
    })
  )

  it.scoped("tries each call that the documentation lists, but for the stream of events", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(healthy)
      yield* shell.run("doctor")
      const page = readFileSync(join(import.meta.dirname, "../../../docs/subsystems/rebalancer.md"), "utf8")
      const documented = [...page.matchAll(/^\| (GET|POST|DELETE) +\| `(\/[^`]*)` +\|/gm)].map(
        ([, method = "", path = ""]) => `${method} ${path}`
      )
      const tried = (yield* shell.control.requests).map(
        ({ method, path }) =>
          `${method} ${path.replace(/^\/v[\d.]+/, "").replace(/^\/(services|configs)\/(?!create$)[^/]+/, "/$1/{id}")}`
      )
      expect(documented.filter((call) => !tried.includes(call))).toEqual(["GET /events"])
    })
  )

  it.scoped("changes nothing", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(healthy)
      const before = yield* shell.control.textOf("services", "w")
      yield* shell.run("doctor")
      expect(yield* shell.control.textOf("services", "w")).toBe(before)
      expect(yield* Effect.orDie(shell.client.listConfigs())).toEqual([])
    })
  )

  it.scoped("names who paused, and how to resume", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(healthy)
      yield* shell.run("pause web", { environment: { USER: "ann" } })
      const { code, stdout } = yield* shell.run("doctor")
      expect(code).toBe(0)
      expect(stdout).toMatch(/^warning +policy +service web: paused by ann\n +try: evenkeel resume web$/m)
    })
  )

  it.scoped("an engine that cannot be reached is told as that", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(healthy)
      yield* shell.control.fail({ kind: "unreachable" }, { times: 100 })
      const { code, stderr, stdout } = yield* shell.run("doctor")
      expect([code, stdout]).toEqual([5, ""])
      expect(stderr).toContain("cannot be reached")
    })
  )
})
