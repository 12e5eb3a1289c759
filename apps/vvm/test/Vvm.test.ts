import { spawn } from "node:child_process"
import * as http from "node:http"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { fromEnvironment } from "../src/VvmOptions.ts"
import { startVvm } from "../src/Vvm.ts"
import { ask, withVvm } from "./Client.ts"

const identity = { service: "p2p_vvm1", task: "task1", node: "n1", slot: "1" }

/** Reads a stream of events until its end. */
const readEvents = async (port: number, path: string, headers: http.OutgoingHttpHeaders = {}) => {
  const response = await new Promise<http.IncomingMessage>((resolve, reject) =>
    http.get({ port, host: "127.0.0.1", path, headers, agent: false }, resolve).once("error", reject)
  )
  const lines: Array<string> = []
  for await (const line of createInterface(response)) lines.push(line)
  return { type: response.headers["content-type"], lines }
}

describe("streams", () => {
  it("sends numbered events and ends after the last, resuming after Last-Event-ID", () =>
    withVvm({}, async (port) => {
      const { lines, type } = await readEvents(port, "/sse?every=1ms&count=3", { "last-event-id": "40" })
      expect(type).toBe("text/event-stream")
      expect(lines.filter((line) => line.startsWith("id:"))).toEqual(["id: 41", "id: 42", "id: 43"])
      expect(lines.find((line) => line.startsWith("data:"))).toContain('"task":"task1"')
      expect((await ask(port, { path: "/sse?every=never" })).status).toBe(400)
    }))

  it("greets a WebSocket with its task and echoes text as text, bytes as bytes", () =>
    withVvm({}, async (port) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`)
      const messages: Array<[string, boolean]> = []
      const third = new Promise<void>((resolve) =>
        socket.on("message", (message, isBinary) => {
          messages.push([String(message), isBinary])
          if (messages.length === 3) resolve()
        })
      )
      await once(socket, "open")
      socket.send("text")
      socket.send(Buffer.from("bytes"))
      await third
      expect(messages).toEqual([
        [JSON.stringify(identity), false],
        ["text", false],
        ["bytes", true]
      ])
      expect(String((await ask(port, { path: "/metrics" })).body)).toContain('open{kind="websocket"} 1')
      socket.terminate()
    }))
})

describe("draining", () => {
  it("finishes the request under way, refuses connections, then closes", async () => {
    const vvm = await startVvm({ identity, host: "127.0.0.1", port: 0, lameDuckMs: 0 })
    const agent = new http.Agent({ keepAlive: true })
    const upload = http.request({ port: vvm.port, host: "127.0.0.1", path: "/upload", method: "PUT", agent })
    upload.write("half ")
    while (!String((await ask(vvm.port, { path: "/metrics" })).body).includes("in_flight 2"))
      await new Promise(setImmediate)
    const closed = vvm.close()
    let refused = false
    while (!refused)
      refused = await ask(vvm.port, { path: "/" }).then(
        () => false,
        (error) => error.code === "ECONNREFUSED"
      )
    upload.end("and half")
    const [response] = (await once(upload, "response")) as [http.IncomingMessage]
    expect(response.statusCode).toBe(200)
    response.resume()
    await closed
    agent.destroy()
  })

  it("answers a request that comes while it is a lame duck, and asks for the connection's end", async () => {
    const vvm = await startVvm({ identity, host: "127.0.0.1", port: 0, lameDuckMs: 60_000 })
    const agent = new http.Agent({ keepAlive: true })
    expect((await ask(vvm.port, { path: "/", agent })).headers.connection).toBe("keep-alive")
    const closed = vvm.close()
    const late = await ask(vvm.port, { path: "/", agent })
    expect([late.status, late.headers.connection]).toEqual([200, "close"])
    await vvm.close()
    await closed
    agent.destroy()
  })

  it("says good-bye to event streams and closes WebSockets with 1001", async () => {
    const vvm = await startVvm({ identity, host: "127.0.0.1", port: 0, lameDuckMs: 0 })
    const socket = new WebSocket(`ws://127.0.0.1:${vvm.port}/ws`)
    const greeted = once(socket, "message")
    const events = readEvents(vvm.port, "/sse?every=60m")
    await greeted
    while (!String((await ask(vvm.port, { path: "/metrics" })).body).includes('open{kind="sse"} 1')) {
      await new Promise(setImmediate)
    }
    const closedSocket = once(socket, "close")
    await vvm.close()
    expect((await closedSocket)[0]).toBe(1001)
    expect((await events).lines).toContain("event: bye")
  })

  it("cuts what is left at the deadline", async () => {
    const vvm = await startVvm({ identity, host: "127.0.0.1", port: 0, lameDuckMs: 0, drainDeadlineMs: 20 })
    const stuck = ask(vvm.port, { path: "/slow?ms=600000" }).then(
      () => "answered",
      () => "cut"
    )
    while (!String((await ask(vvm.port, { path: "/metrics" })).body).includes("in_flight 2"))
      await new Promise(setImmediate)
    await vvm.close()
    expect(await stuck).toBe("cut")
  })

  it("rejects a start on a port that is taken", () =>
    withVvm({}, async (port) => {
      await expect(startVvm({ identity, host: "127.0.0.1", port })).rejects.toThrow("EADDRINUSE")
    }))
})

describe("options from the environment", () => {
  it("takes Swarm's templates, and defaults for what is unset or empty", () => {
    expect(
      fromEnvironment({ EVENKEEL_SERVICE: "s", EVENKEEL_TASK: "t", EVENKEEL_NODE: "n", EVENKEEL_SLOT: "2" })
    ).toEqual({
      identity: { service: "s", task: "t", node: "n", slot: "2" }
    })
    const options = fromEnvironment({
      EVENKEEL_VVM_PORT: "81",
      EVENKEEL_VVM_DRAIN_DEADLINE: "2s",
      EVENKEEL_ROUTER_URL: "http://router:8080",
      EVENKEEL_SERVICE: ""
    })
    expect(options).toMatchObject({ port: 81, drainDeadlineMs: 2_000, identity: { service: "vvm" } })
    expect(options.routerUrl?.host).toBe("router:8080")
  })

  it("names every wrong variable at once", () => {
    const wrong = () => fromEnvironment({ EVENKEEL_VVM_PORT: "http", EVENKEEL_ROUTER_URL: "router:8080" })
    expect(wrong).toThrow('EVENKEEL_VVM_PORT: expected a port from 0 to 65535, got "http"')
    expect(wrong).toThrow("EVENKEEL_ROUTER_URL: expected a URL")
  })
})

describe("the process", () => {
  const main = new URL("../src/main.ts", import.meta.url).pathname
  const probe = new URL("../src/healthcheck.ts", import.meta.url).pathname
  const start = async () => {
    const child = spawn(process.execPath, [main], {
      env: { ...process.env, EVENKEEL_VVM_PORT: "0", EVENKEEL_VVM_DRAIN_DEADLINE: "30s", EVENKEEL_SERVICE: "svc" },
      stdio: ["ignore", "ignore", "pipe"]
    })
    const lines = createInterface(child.stderr)
    for await (const line of lines) {
      const port = /listens on port (\d+)/.exec(line)?.[1]
      if (port !== undefined) return { child, port: Number(port) }
    }
    throw new Error("the process ended before it listened")
  }

  it("answers its health probe, and exits 0 on SIGTERM", async () => {
    const { child, port } = await start()
    const run = async (path: string) =>
      (await once(spawn(process.execPath, [probe, `http://127.0.0.1:${port}${path}`], { stdio: "ignore" }), "exit"))[0]
    expect(await run("/healthz")).toBe(0)
    expect(await run("/fail?status=503")).toBe(1)
    child.kill("SIGTERM")
    expect(await once(child, "exit")).toEqual([0, null])
  })

  it("exits at once on the second signal, whatever is under way", async () => {
    const { child, port } = await start()
    const stuck = ask(port, { path: "/slow?ms=600000" }).catch(() => "cut")
    while (!String((await ask(port, { path: "/metrics" })).body).includes("in_flight 2"))
      await new Promise(setImmediate)
    child.kill("SIGTERM")
    for (;;) {
      const gone = await ask(port, { path: "/" }).then(
        (answer) => answer.headers.connection === "close",
        () => true
      )
      if (gone) break
    }
    child.kill("SIGTERM")
    expect(await once(child, "exit")).toEqual([143, null])
    expect(await stuck).toBe("cut")
  })

  it("exits 64 and says what is wrong with its settings", async () => {
    const child = spawn(process.execPath, [main], {
      env: { EVENKEEL_VVM_PORT: "x" },
      stdio: ["ignore", "ignore", "pipe"]
    })
    let said = ""
    child.stderr.on("data", (chunk) => (said += chunk))
    expect((await once(child, "close"))[0]).toBe(64)
    expect(said).toContain("EVENKEEL_VVM_PORT")
  })
})
