/** `evenkeel sim …` against an embedded Swarm on sockets, and against what is none. */
import { createServer } from "node:http"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { defaults } from "@evenkeel/swarm-sim/server/SimOptions"
import * as SimServer from "@evenkeel/swarm-sim/server/SimServer"
import { even, makeShell } from "./harness.ts"

const simulated = Effect.gen(function* () {
  const server = yield* SimServer.make({ ...defaults, speed: 0 }, () => {})
  const shell = yield* makeShell(even)
  const on = (words: string) => shell.run(`sim ${words} --sim ${server.addresses.control}`)
  return { server, shell, on }
})

interface State {
  readonly kind: string
  readonly nodes: ReadonlyArray<Record<string, unknown>>
  readonly leader: string | null
}

const stateOf = (stdout: string): State => JSON.parse(stdout) as State

describe("evenkeel sim", () => {
  it.scoped("shows the nodes, their faults and their endpoints", () =>
    Effect.gen(function* () {
      const { on, server, shell } = yield* simulated
      const { code, stderr, stdout } = yield* on("status")
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
      const [heading, first] = stdout.split("\n")
      expect(heading).toMatch(/^NODE +CONDITION +MANAGER +API +ENDPOINT$/)
      expect(first).toMatch(/^n1 +up +leader +- +unix:\/\/.*n1\.sock$/)
      expect(stdout).toContain("clock moved by hand, seed 1, runtime virtual")
      const json = yield* on("status --format json")
      expect(stateOf(json.stdout)).toMatchObject({ kind: "SimState", leader: server.addresses.nodes[0]?.id })
      const byEnvironment = yield* shell.run("sim status", {
        environment: { DOCKER_HOST: server.addresses.nodes[1]?.endpoint ?? "" }
      })
      expect(byEnvironment.stdout).toBe(stdout)
    })
  )

  it.scoped("makes nodes fail and brings them back", () =>
    Effect.gen(function* () {
      const { on, server } = yield* simulated
      const after = (words: string) =>
        Effect.map(on(`${words} --format json`), ({ stderr, stdout }) => {
          expect(stderr, words).toBe("")
          return stateOf(stdout)
        })
      expect((yield* after("node crash n2")).nodes[1]).toMatchObject({ hostname: "n2", condition: "crashed" })
      expect((yield* after("node restore n2")).nodes[1]).toMatchObject({ condition: "up" })
      expect((yield* after("node black-hole n3")).nodes[2]).toMatchObject({ condition: "black-holed" })
      expect((yield* after("node restore n3")).nodes[2]).toMatchObject({ condition: "up" })
      expect((yield* after("node flap n3 --period 1s --times 2")).nodes[2]).toMatchObject({ condition: "black-holed" })
      expect((yield* on("node restart n2")).code).toBe(0)
      server.advance(20_000)
      expect((yield* after("leader-change")).leader).toBe(null)
    })
  )

  it.scoped("makes services slow and unhealthy, and the API late, wrong and silent", () =>
    Effect.gen(function* () {
      const { on, server } = yield* simulated
      server.port.createService({
        Name: "web",
        TaskTemplate: { ContainerSpec: { Image: "a" } },
        Mode: { Replicated: { Replicas: 1 } }
      })
      for (const words of ["slow-start web --by 30s", "unhealthy web", "unhealthy web --off"])
        expect((yield* on(`service ${words}`)).code, words).toBe(0)
      expect((yield* on("api latency --by 2s --node n1")).stdout).toMatch(/^n1 .* late by 2000 ms/m)
      expect((yield* on("api errors --rate 0.25 --node n2")).stdout).toMatch(/^n2 .* errors 25 %/m)
      const dropped = yield* on("api drop-events")
      expect(dropped.stdout.match(/drops events/g)).toHaveLength(3)
      expect(server.faults.of(server.addresses.nodes[1]?.id ?? "")).toEqual({
        dropsEvents: true,
        latencyMillis: 0,
        errorRate: 0.25,
        errorStatus: 500
      })
      expect((yield* on("api drop-events --off")).stdout).not.toContain("drops events")
    })
  )

  it.scoped("says what the embedded Swarm refuses", () =>
    Effect.gen(function* () {
      const { on, server } = yield* simulated
      const refused = yield* on("node crash n9")
      expect(refused.code).toBe(1)
      expect(refused.stderr).toContain(`the embedded Swarm at ${server.addresses.control} refuses:`)
      expect(refused.stderr).toContain("n9")
      expect(yield* on("api errors --rate 2")).toMatchObject({
        code: 64,
        stderr: expect.stringContaining("--rate 2: expected a number from 0 to 1") as string
      })
      expect((yield* on("node crsh n2")).stderr).toContain('Did you mean "crash"?')
    })
  )

  it.scoped("tells an engine that is not embedded, and one that is not there", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      const folder = mkdtempSync(join(tmpdir(), "evenkeel-sim-test-"))
      const path = join(folder, "docker.sock")
      const engine = createServer((_, response) => {
        response.writeHead(404, { "Content-Type": "application/json" }).end('{"message":"page not found"}\n')
      })
      yield* Effect.promise(() => new Promise<void>((resolve) => engine.listen({ path }, resolve)))
      const real = yield* shell.run(`sim node crash n2 --sim unix://${path}`)
      expect(real).toMatchObject({ code: 5, stdout: "" })
      expect(real.stderr).toContain(`Docker at unix://${path} is not an embedded Swarm`)
      yield* Effect.promise(() => new Promise((resolve) => void engine.close(resolve)))
      const gone = yield* shell.run(`sim status --sim unix://${path}`)
      expect(gone.code).toBe(5)
      expect(gone.stderr).toContain("cannot be reached")
      expect((yield* shell.run("sim status --sim n1")).code).toBe(64)
      rmSync(folder, { recursive: true })
    })
  )

  it.scoped("refuses to start with options that make no sense", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      const refused = yield* shell.run("sim start --nodes 0 --runtime loopback")
      expect(refused.code).toBe(64)
      expect(refused.stderr).toContain("--nodes: expected 1 to 10000, got 0")
      expect(refused.stderr).toContain("--workload")
      expect((yield* shell.run("sim start --nodes -1")).stderr).toContain("--nodes: expected 1 to 10000, got -1")
      expect((yield* shell.run("sim start --nodes two")).stderr).toBe(
        'evenkeel: --nodes: expected a number, got "two"\n'
      )
    })
  )
})
