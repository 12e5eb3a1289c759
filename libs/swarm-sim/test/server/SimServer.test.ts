import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { it as effectIt } from "@effect/vitest"
import { describe, expect, it } from "vitest"
import { defaults, fromArguments, SimOptionsInvalid } from "../../src/server/SimOptions.ts"
import * as SimServer from "../../src/server/SimServer.ts"
import { request, spec } from "../api/harness.ts"

const refusalOf = (...argv: ReadonlyArray<string>): string => {
  try {
    fromArguments(argv)
    return "accepted"
  } catch (error) {
    return error instanceof SimOptionsInvalid ? error.message : "another error"
  }
}

describe("the options", () => {
  it("are read from a command line, with their defaults", () => {
    expect(fromArguments([])).toEqual(defaults)
    expect(fromArguments(["--nodes", "2"])).toEqual({ ...defaults, nodes: 2, managers: 2 })
    expect(fromArguments(["--heartbeat", "500ms", "--speed", "10", "--tcp", "0", "--seed", "7"])).toEqual({
      ...defaults,
      heartbeatMillis: 500,
      speed: 10,
      tcpPort: 0,
      seed: 7
    })
    expect(fromArguments(["--help"])).toBe("help")
  })

  it.each([
    [["--nodes", "0"], "--nodes: expected 1 to 10000, got 0"],
    [["--nodes", "2", "--managers", "3"], "--managers: expected 1 to the number of nodes (2), got 3"],
    [["--speed", "fast"], '--speed: expected a number, got "fast"'],
    [["--runtime", "real"], "--runtime: expected virtual or loopback, got real"],
    [["--runtime", "loopback"], "--runtime loopback: name what tasks run, --workload <module exporting startVvm>"],
    [["--heartbeat", "5"], "--heartbeat: expected 100ms or more"],
    [["--colour", "red"], "colour"]
  ])("that cannot be used are named: %j", (argv, expected) => {
    expect(refusalOf(...argv)).toContain(expected)
  })
})

describe("an embedded Swarm", () => {
  effectIt.scoped("moves by Effect's Clock, so many times faster", () =>
    Effect.gen(function* () {
      const { port } = yield* SimServer.make({ ...defaults, speed: 10 }, () => {})
      const before = port.nowMillis()
      const created = port.createService(spec("web", 3))
      expect(created.ok).toBe(true)
      yield* TestClock.adjust("2 seconds")
      expect(port.nowMillis() - before).toBe(20_000)
      expect(port.list("task").map((task) => (task["Status"] as { State: string }).State)).toEqual([
        "running",
        "running",
        "running"
      ])
    })
  )

  it("leaves nothing behind, and says which address is taken", async () => {
    const folder = mkdtempSync(join(tmpdir(), "evenkeel-test-"))
    const run = (socketsFolder: string | null) =>
      Effect.runPromise(
        Effect.scoped(
          Effect.map(
            SimServer.make({ ...defaults, speed: 0, socketsFolder }, () => {}),
            ({ addresses }) => {
              const path = addresses.control.slice("unix://".length)
              return { path, exists: existsSync(path), files: readdirSync(join(path, "..")) }
            }
          )
        )
      )
    const own = await run(null)
    expect(own.exists).toBe(true)
    expect(existsSync(join(own.path, ".."))).toBe(false)
    const given = await run(folder)
    expect(given.files.toSorted()).toEqual(["n1.sock", "n2.sock", "n3.sock", "sim.sock"])
    expect(readdirSync(folder)).toEqual([])
    rmSync(folder, { recursive: true })

    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen({ host: "127.0.0.1", port: 0 }, resolve))
    const { port } = taken.address() as AddressInfo
    const failed = await Effect.runPromise(
      Effect.flip(Effect.scoped(SimServer.make({ ...defaults, speed: 0, tcpPort: port }, () => {})))
    )
    expect(failed.message).toMatch(
      new RegExp(`^the embedded Swarm cannot listen on tcp://127.0.0.1:${port}: .*EADDRINUSE`)
    )
    taken.close()
  })

  it("runs real servers as tasks, and their loss is as of a node", async () => {
    await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const workload = ({ address, port, task }: { address: string; port: number; task: { taskId: string } }) =>
            new Promise<{ port: number; close: () => Promise<void>; destroy: () => void }>((resolve, reject) => {
              const server = createServer((_, response) => void response.end(task.taskId))
              server.once("error", reject)
              server.listen({ host: address, port }, () =>
                resolve({
                  port,
                  close: () => new Promise((closed) => void server.close(() => closed())),
                  destroy: () => void server.close()
                })
              )
            })
          const options = { ...defaults, speed: 100, runtime: "loopback" as const, workload: "given" }
          const { addresses, port } = yield* SimServer.make(options, () => {}, { workload })
          port.createNetwork({ Name: "app", Driver: "overlay" })
          const app = port.list("network").find(({ Name }) => Name === "app")?.["Id"]
          port.createService({
            ...spec("web", 3),
            TaskTemplate: { ContainerSpec: { Image: "a" }, Networks: [{ Target: app }] }
          })
          interface Running {
            readonly ID: string
            readonly NodeID: string
            readonly Status: { readonly State: string }
            readonly NetworksAttachments: ReadonlyArray<{ readonly Addresses: ReadonlyArray<string> }>
          }
          const running = () =>
            (port.list("task") as unknown as ReadonlyArray<Running>).filter(({ Status }) => Status.State === "running")
          yield* Effect.promise(() => expect.poll(() => running().length, { timeout: 10_000 }).toBe(3))
          const answers = yield* Effect.forEach(running(), (task) =>
            Effect.promise(async () => {
              const [address = ""] = task.NetworksAttachments[0]?.Addresses ?? []
              const response = await fetch(`http://${address.replace("/8", "")}:8080/`)
              return [task.ID, await response.text()] as const
            })
          )
          expect(answers.map(([id, text]) => id === text)).toEqual([true, true, true])
          const control = addresses.control.slice("unix://".length)
          const lost = addresses.nodes[2]?.id
          yield* Effect.promise(() => request(control, "POST", "/_sim/faults", { _tag: "crash", node: "n3" }))
          const elsewhere = () => running().filter(({ NodeID }) => NodeID !== lost).length
          yield* Effect.promise(() => expect.poll(elsewhere, { timeout: 10_000 }).toBe(3))
        })
      )
    )
  })
})

describe("the process", () => {
  it("prints its addresses when it is ready, answers, and removes its sockets on SIGTERM", async () => {
    const main = join(import.meta.dirname, "../../src/server/main.ts")
    const child = spawn(process.execPath, ["--conditions=@evenkeel/source", main, "--nodes", "1", "--speed", "0"])
    let stdout = ""
    const line = await new Promise<string>((resolve) =>
      child.stdout.on("data", (chunk) => {
        stdout += String(chunk)
        if (stdout.includes("\n")) resolve(stdout.trim())
      })
    )
    const { control, nodes } = JSON.parse(line) as SimServer.SimAddresses
    expect(nodes.map(({ hostname }) => hostname)).toEqual(["n1"])
    const path = control.slice("unix://".length)
    expect((await request(path, "GET", "/_sim/state")).status).toBe(200)
    const ended = new Promise((resolve) => child.once("exit", (code) => resolve(code)))
    child.kill("SIGTERM")
    expect(await ended).toBe(0)
    expect(existsSync(join(path, ".."))).toBe(false)
  })

  it("refuses a wrong command line with status 64 and the usage on stderr", async () => {
    const main = join(import.meta.dirname, "../../src/server/main.ts")
    const child = spawn(process.execPath, ["--conditions=@evenkeel/source", main, "--nodes", "none"])
    let stderr = ""
    child.stderr.on("data", (chunk) => (stderr += String(chunk)))
    expect(await new Promise((resolve) => child.once("close", resolve))).toBe(64)
    expect(stderr).toContain('--nodes: expected a number, got "none"')
    expect(stderr).toContain("Usage:")
  })
})
