import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as FastCheck from "effect/FastCheck"
import { describe, expect, it } from "vitest"
import { type AccessEntry, lineOf } from "../../src/accesslog/AccessEntry.ts"
import { AccessLog } from "../../src/accesslog/AccessLog.ts"
import { LogWriter } from "../../src/accesslog/LogWriter.ts"
import {
  afterwards,
  clock,
  httpBackend,
  RawClient,
  refusedPort,
  request,
  startProxy,
  tableOf,
  until
} from "../proxy/support/Bench.ts"

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), "evenkeel-accesslog-"))
  afterwards(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const logTo = (path: string, rate = 1) => {
  const errors: Array<string> = []
  const writer = new LogWriter({ path, onError: (error) => errors.push(error.code ?? error.message) })
  const log = new AccessLog(rate, writer)
  const lines = (): ReadonlyArray<Record<string, unknown>> =>
    readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  return { log, lines, errors, path }
}

describe("the access log", () => {
  it("tells of each request where it went, how long it took, and what passed", async () => {
    const { log, lines, path } = logTo(join(folder(), "access.log"))
    const good = await httpBackend((req, res) => req.resume().on("end", () => res.end("0123456789")))
    const { port, proxy } = await startProxy(
      tableOf([
        {
          name: "s",
          loadBalancing: "round-robin",
          tasks: [
            { task: "lost", node: "node-1", at: await refusedPort() },
            { task: "good", node: "node-2", at: good }
          ]
        }
      ]),
      { accessLog: log }
    )
    await request(port, "s:80", { path: "/a?b=%22", method: "PUT", body: "12345" })
    await request(port, "nowhere")
    await new RawClient(port).send("GARBAGE\r\n\r\n").end()
    await new RawClient(port).send("PUT / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n").end()
    await until(() => existsSync(path) && lines().length === 4, "four lines")
    expect(lines()[0]).toMatchObject({
      time: expect.stringMatching(/^20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d\.\d{3}Z$/),
      client: "127.0.0.1",
      scheme: "http",
      method: "PUT",
      host: "s:80",
      path: "/a?b=%22",
      status: 200,
      bytesIn: 5,
      bytesOut: 10,
      task: "good",
      node: "node-2",
      retries: 1,
      heldMs: 0,
      reason: ""
    })
    expect(lines()[0]?.["durationMs"]).toBeGreaterThan(0)
    expect(lines()[1]).toMatchObject({ host: "nowhere", status: 404, task: null, reason: "no-route" })
    expect(lines()[2]).toMatchObject({ method: "", status: 400, reason: "method" })
    expect(lines()[3]).toMatchObject({ method: "PUT", host: "s", status: 400, reason: "body", task: null })
    await proxy.close({ deadlineMs: 0 })
  })

  it("tells why an answer was cut, that a client left, and how long a request was held", async () => {
    const { log, lines, path } = logTo(join(folder(), "access.log"))
    const backend = await httpBackend((req, res) => {
      if (req.url === "/cut") res.write("some", () => res.socket?.destroy())
      else if (req.url !== "/mute") res.end("ok")
    })
    const hold = (tasks: Parameters<typeof tableOf>[0][number]["tasks"]) =>
      tableOf([{ name: "s", holdMillis: 20_000, tasks }])
    const { now, forward } = clock()
    const { port, proxy } = await startProxy(hold([]), { accessLog: log, now })
    const held = request(port, "s")
    await until(() => proxy.stats().heldNow === 1, "the request waits")
    forward(1_000)
    proxy.setTable(hold([{ task: "t", at: backend }]))
    await held
    await request(port, "s", { path: "/cut" }).catch(() => undefined)
    const leaver = new RawClient(port).send("GET /mute HTTP/1.1\r\nHost: s\r\n\r\n")
    await until(() => proxy.stats().totals.requestsInFlight === 1, "the request is under way")
    leaver.socket.destroy()
    await until(() => existsSync(path) && lines().length === 3, "three lines")
    expect(lines()[0]?.["heldMs"]).toBeGreaterThanOrEqual(1_000)
    expect(lines()[1]).toMatchObject({
      path: "/cut",
      status: 200,
      bytesOut: expect.any(Number),
      reason: "response-cut"
    })
    expect(lines()[2]).toMatchObject({ path: "/mute", status: 0, reason: "client-abort" })
  })

  it("logs a share of the requests where it samples", async () => {
    let draw = 0
    const { log, lines, path } = logTo(join(folder(), "access.log"), 0.25)
    const backend = await httpBackend((_, res) => res.end())
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]), {
      accessLog: log,
      random: () => (draw++ % 8) / 8
    })
    for (let i = 0; i < 16; i++) await request(port, "s", { path: `/${i}` })
    await until(() => existsSync(path) && lines().length === 4, "four lines")
    expect(lines().map((line) => line["path"])).toEqual(["/0", "/1", "/8", "/9"])
  })

  it("stays one line of JSON that says what was sent, whatever was sent", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.fullUnicodeString(), FastCheck.string16bits(), (host, path) => {
        const entry: AccessEntry = {
          startedAtMillis: Date.UTC(2026, 0, 2, 3, 4, 5, 67),
          client: "::1",
          scheme: "https",
          method: "GET",
          host,
          path,
          status: 200,
          bytesIn: 0,
          bytesOut: 1,
          durationMs: 0.123_456,
          endpoint: null,
          retries: 0,
          heldMs: 0,
          reason: "",
          logged: true,
          span: null
        }
        const line = lineOf(entry)
        expect(line.indexOf("\n")).toBe(line.length - 1)
        expect(JSON.parse(line)).toMatchObject({ time: "2026-01-02T03:04:05.067Z", host, path, durationMs: 0.123 })
      })
    )
  })
})

describe("its writer", () => {
  it("gathers lines and writes them together", async () => {
    const { log, path } = logTo(join(folder(), "access.log"))
    const { writer } = log
    writer.write("one\n")
    writer.write("two\n")
    expect(readFileSync(path, "utf8")).toBe("")
    const big = `${"x".repeat(70_000)}\n`
    writer.write(big)
    await until(() => readFileSync(path, "utf8").length > 70_000, "64 KiB are written without being asked for")
    await writer.close()
    expect(readFileSync(path, "utf8")).toBe(`one\ntwo\n${big}`)
  })

  it("goes on in a new file under the name when the old one was renamed, and loses no line", async () => {
    const { log, path } = logTo(join(folder(), "access.log"))
    const { writer } = log
    const written: Array<string> = []
    for (let i = 0; i < 20; i++) {
      const line = `line ${i}\n`
      written.push(line)
      writer.write(line)
      writer.flush()
      if (i !== 10) continue
      renameSync(path, `${path}.1`)
      writer.reopen()
    }
    await writer.close()
    expect(readFileSync(`${path}.1`, "utf8") + readFileSync(path, "utf8")).toBe(written.join(""))
    expect(readFileSync(path, "utf8")).not.toBe("")
  })

  it("drops lines that cannot be written, says so once, and disturbs no request", async () => {
    const { log, errors } = logTo("/dev/full")
    const backend = await httpBackend((_, res) => res.end("ok"))
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]), { accessLog: log })
    for (let i = 0; i < 5; i++) expect((await request(port, "s")).body).toBe("ok")
    await until(() => log.writer.dropped >= 5, "the lines are dropped")
    expect(errors).toEqual(["ENOSPC"])
  })

  it("fails by the system's word where its file cannot be had", () => {
    expect(() => logTo(join(folder(), "none", "access.log"))).toThrow("ENOENT")
  })

  it("bounds what waits for a pipe that nobody reads, and delivers the rest in order", async () => {
    const script = `
      import { LogWriter } from ${JSON.stringify(join(import.meta.dirname, "../../src/accesslog/LogWriter.ts"))}
      const writer = new LogWriter({ path: null, onError: (error) => process.stderr.write(error.message) })
      for (let i = 0; i < 200_000; i++) writer.write(String(i).padStart(99, "0") + "\\n")
      process.stderr.write("dropped " + writer.dropped + "\\n")
      process.once("message", async () => { await writer.close(); process.disconnect() })`
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "pipe", "ipc"]
    })
    afterwards(() => void child.kill())
    let said = ""
    child.stderr?.on("data", (bytes: Buffer) => (said += bytes.toString()))
    await until(() => /dropped \d+\n/.test(said), "it has written")
    let text = ""
    child.stdout?.on("data", (bytes: Buffer) => (text += bytes.toString()))
    child.send("close")
    await new Promise((resolve) => child.once("close", resolve))
    const dropped = Number(/dropped (\d+)/.exec(said)?.[1])
    expect(dropped).toBeGreaterThan(0)
    const numbers = text.split("\n").slice(0, -1).map(Number)
    expect(numbers.length).toBe(200_000 - dropped)
    expect(numbers.every((number, i) => number === i)).toBe(true)
  })

  it("cuts no line where several processes write to one pipe", async () => {
    const script = `
      import { LogWriter } from ${JSON.stringify(join(import.meta.dirname, "../../src/accesslog/LogWriter.ts"))}
      const writer = new LogWriter({ path: null, shared: true, onError: (error) => process.stderr.write(error.message) })
      for (let i = 0; i < 20_000; i++) writer.write(process.argv[1].repeat(50 + (i % 100)) + "\\n")
      await writer.close()`
    const start = (name: string) => `"${process.execPath}" --input-type=module --eval "$SCRIPT" ${name}`
    const shell = spawn("sh", ["-c", `{ ${start("a")} & ${start("b")} & wait; } | cat`], {
      env: { SCRIPT: script },
      stdio: ["ignore", "pipe", "inherit"]
    })
    afterwards(() => void shell.kill())
    let text = ""
    shell.stdout.on("data", (bytes: Buffer) => (text += bytes.toString()))
    await new Promise((resolve) => shell.once("close", resolve))
    const lines = text.split("\n").slice(0, -1)
    expect(lines.length).toBe(40_000)
    expect(lines.filter((line) => !/^(a{50,149}|b{50,149})$/.test(line))).toEqual([])
  })
})
