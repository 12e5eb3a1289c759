/** The program itself, as a process: flags, a table from a file, and a stop under load, over the real data plane. */
import { describe, expect, it } from "vitest"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer, request, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { run } from "./program.fixture.ts"
import { afterwards, isLeft } from "./proxy/support/Bench.ts"

/** A task whose answers are given by hand: `next` is its next request. */
const task = async (name: string) => {
  const requests: Array<ServerResponse> = []
  const waiting: Array<(response: ServerResponse) => void> = []
  const server = createServer((_, response) => {
    response.setHeader("task", name)
    const taker = waiting.shift()
    if (taker === undefined) requests.push(response)
    else taker(response)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  afterwards(() => {
    server.close()
    server.closeAllConnections()
  })
  const next = () =>
    new Promise<ServerResponse>((resolve) => {
      const response = requests.shift()
      if (response === undefined) waiting.push(resolve)
      else resolve(response)
    })
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, next }
}

const get = (port: number, path = "/") =>
  new Promise<{ status: number; task: string; body: string }>((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, headers: { host: "web" }, agent: false }, (response) => {
      let body = ""
      response.setEncoding("utf8").on("data", (text: string) => (body += text))
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, task: String(response.headers["task"]), body })
      )
      response.on("error", reject)
    })
    sent.on("error", reject)
    sent.end()
  })

const tableOf = (address: string) => JSON.stringify({ services: [{ name: "web", endpoints: [address] }] })

describe("the router's program", { timeout: 30_000 }, () => {
  it("routes by a table file, follows its changes, and answers what is under way before it ends with 0", async () => {
    const directory = mkdtempSync(join(tmpdir(), "evenkeel-router-"))
    afterwards(() => rmSync(directory, { recursive: true }))
    const file = join(directory, "table.json")
    const [one, two] = [await task("one"), await task("two")]
    writeFileSync(file, tableOf(one.address))
    const router = run(["--table", file])
    const { adminPort, port } = (await router.logged("taking requests")) as { adminPort: number; port: number }

    const first = get(port)
    ;(await one.next()).end("hello")
    expect(await first).toEqual({ status: 200, task: "one", body: "hello" })

    writeFileSync(file, tableOf(two.address))
    await router.logged("took the changed table")
    const second = get(port)
    const underWay = await two.next()
    router.child.kill("SIGTERM")
    await router.logged("draining")
    expect((await get(adminPort, "/readyz")).status).toBe(503)
    await isLeft(port)
    underWay.end("last")
    expect(await second).toEqual({ status: 200, task: "two", body: "last" })
    expect((await router.ended).code).toBe(0)
  })

  it("prints its effective settings and stops", async () => {
    const { code, stdout } = await run(["--print-config"], { EVENKEEL_TOKEN: "s3cret", EVENKEEL_NODE_ID: "n7" }).ended
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ nodeId: "n7", token: "(set)" })
  })

  it("names wrong settings, wrong flags and a wrong table, each with its exit code", async () => {
    const [settings, flags, table] = await Promise.all([
      run([], { EVENKEEL_ROUTER_ADMIN_PORT: "many" }).ended,
      run(["--tabel"]).ended,
      run(["--table", "/nowhere/table.json"]).ended
    ])
    expect([settings.code, flags.code, table.code]).toEqual([1, 64, 1])
    expect(settings.stderr).toContain("EVENKEEL_ROUTER_ADMIN_PORT: expected a whole number from 0 to 65535")
    expect(flags.stderr).toContain("--tabel")
    expect(table.stderr).toContain("cannot read the table /nowhere/table.json (ENOENT)")
  })
})
