/** The program with several workers: one port, one set of counts, and a worker's end that costs its own connections only. */
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import * as http from "node:http"
import * as net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { run } from "../program.fixture.ts"
import { afterwards, until } from "../proxy/support/Bench.ts"

/** Of processes that start others. */
const withinMs = 20_000

const start = async (workers: number) => {
  const backend = http.createServer((_request, response) => response.end("ok")).listen(0, "127.0.0.1")
  await once(backend, "listening")
  afterwards(() => {
    backend.closeAllConnections()
    backend.close()
  })
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-workers-"))
  afterwards(() => rmSync(folder, { recursive: true }))
  const table = join(folder, "table.json")
  const at = `127.0.0.1:${(backend.address() as net.AddressInfo).port}`
  writeFileSync(table, JSON.stringify({ services: [{ name: "web", hosts: ["web"], endpoints: [at] }] }))
  const router = run(["--table", table], { EVENKEEL_ROUTER_WORKERS: String(workers) })
  const { port, adminPort } = (await router.logged("taking requests")) as { port: number; adminPort: number }
  const { child } = router
  /** The router's own children, from /proc. */
  const pids = (): ReadonlyArray<number> =>
    readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number)
  return { ...router, port, adminPort, pids }
}

/** The status of a request on a connection of its own, or the error's code. */
const ask = (port: number): Promise<number | string> =>
  new Promise((resolve) => {
    const request = http.get({ port, host: "127.0.0.1", headers: { host: "web" }, agent: false }, (response) => {
      response.resume()
      response.on("end", () => resolve(response.statusCode ?? 0))
    })
    request.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })

const counted = async (adminPort: number): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text()
  return Number(/^evenkeel_router_requests_total\{.*code="2xx".*\} (\d+)$/m.exec(text)?.[1] ?? NaN)
}

describe("several workers", () => {
  it("share the port, and their counts are one router's", async () => {
    const { port, adminPort, pids, child, ended } = await start(2)
    expect(pids()).toHaveLength(2)
    // The second joins after the first has taken the port.
    const spread = async () => {
      const response = await fetch(`http://127.0.0.1:${adminPort}/debug/endpoints`)
      return ((await response.json()) as { endpoints: Array<{ endpoints: Array<unknown> }> }).endpoints
    }
    await until(
      async () => (await spread()).every(({ endpoints }) => endpoints.length === 1),
      "both have the table",
      withinMs
    )
    const statuses = await Promise.all(Array.from({ length: 100 }, () => ask(port)))
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(await counted(adminPort)).toBe(100)
    child.kill("SIGTERM")
    expect((await ended).code).toBe(0)
  })

  it("are replaced when they end, which costs nobody else a connection, and no count is lost twice", async () => {
    const { port, adminPort, pids, child, ended, logged } = await start(2)
    const [victim = 0] = pids()
    process.kill(victim, "SIGKILL")
    await logged("worker-ended")
    await until(() => pids().length === 2 && !pids().includes(victim), "another takes its place", withinMs)
    await until(async () => (await ask(port)) === 200, "requests are answered", withinMs)
    const before = await counted(adminPort)
    const statuses = await Promise.all(Array.from({ length: 50 }, () => ask(port)))
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect((await counted(adminPort)) - before).toBe(50)
    child.kill("SIGTERM")
    expect((await ended).code).toBe(0)
  })

  it("end with the process that started them, however that ends", async () => {
    const { child, pids } = await start(2)
    const workers = pids()
    expect(workers).toHaveLength(2)
    child.kill("SIGKILL")
    const lives = (pid: number): boolean => {
      try {
        // A process that has ended and was not waited for is there as a zombie.
        return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))
      } catch {
        return false
      }
    }
    await until(() => !workers.some(lives), "the workers are gone", withinMs)
  })
})
