import { describe, expect, it } from "vitest"
import { httpBackend, rawBackend, request, startProxy, tableOf } from "./support/Bench.ts"

/** A backend that closes each connection as soon as it has a request. */
const closing = () => {
  const seen: Array<string> = []
  return rawBackend((socket) =>
    socket.on("data", (bytes: Buffer) => {
      seen.push(bytes.toString("latin1").split(" ")[0] ?? "")
      socket.destroy()
    })
  ).then((backend) => ({ ...backend, seen }))
}

/** `bad` is chosen first: it is on the router's own node. */
const beside = async (good: { host: string; port: number }, bad: { host: string; port: number }, retries = 2) =>
  startProxy(
    tableOf([
      {
        name: "s",
        retries,
        tasks: [
          { task: "bad", node: "node-router", at: bad },
          { task: "good", node: "n2", at: good }
        ]
      }
    ])
  )

describe("a task that closes the connection instead of answering", () => {
  it("loses no idempotent request: each goes to another node, body and all", async () => {
    const bad = await closing()
    const good = await httpBackend((req, res) => {
      let text = ""
      req.on("data", (piece: Buffer) => (text += piece.toString()))
      req.on("end", () => res.end(`${req.method} ${text}`))
    })
    for (const [method, body] of [
      ["GET", undefined],
      ["PUT", "content"],
      ["DELETE", undefined],
      ["OPTIONS", undefined]
    ] as const) {
      const { port, proxy } = await beside(good, bad)
      const answer = await request(port, "s", { method, ...(body === undefined ? {} : { body }) })
      expect([answer.status, answer.body]).toEqual([200, `${method} ${body ?? ""}`])
      expect(answer.headers["evenkeel-tries"]).toBe("2")
      expect(proxy.stats().targets.get("s")?.retries).toBe(1)
    }
    expect(bad.seen).toEqual(["GET", "PUT", "DELETE", "OPTIONS"])
  })

  it("is not asked to do a POST twice, nor is anyone else", async () => {
    const bad = await closing()
    let asked = 0
    const good = await httpBackend((_, res) => res.end(String(++asked)))
    const { port, proxy } = await beside(good, bad)
    const answer = await request(port, "s", { method: "POST", body: "x" })
    expect([answer.status, answer.headers["evenkeel-reason"]]).toEqual([502, "reset"])
    expect(asked).toBe(0)
    expect(proxy.stats().targets.get("s")?.failures.get("reset")).toBe(1)
  })

  it("is the end of a PUT whose body is too long to be kept", async () => {
    const bad = await rawBackend((socket) => {
      let count = 0
      socket.on("data", (bytes: Buffer) => {
        count += bytes.length
        if (count > 200_000) socket.destroy()
      })
    })
    const good = await httpBackend((_, res) => res.end("good"))
    const { port } = await beside(good, bad)
    const answer = await request(port, "s", { method: "PUT", body: Buffer.alloc(300_000) }).catch(
      (error: Error) => error
    )
    expect(answer).not.toHaveProperty("body", "good")
  })

  it("is not tried again where the service says so", async () => {
    const bad = await closing()
    const good = await httpBackend((_, res) => res.end("good"))
    const { port } = await beside(good, bad, 0)
    expect((await request(port, "s")).status).toBe(502)
  })

  it("is tried no more often than the service says", async () => {
    const bad = await closing()
    const { port } = await startProxy(tableOf([{ name: "s", retries: 2, tasks: [{ task: "t", at: bad }] }]))
    expect((await request(port, "s")).status).toBe(502)
    expect(bad.seen.length).toBe(3)
  })
})

describe("a task that goes on closing connections", () => {
  it("is left alone for a while", async () => {
    const bad = await closing()
    const good = await httpBackend((_, res) => res.end("good"))
    const { port, events } = await beside(good, bad)
    for (let i = 0; i < 20; i++) await request(port, "s", { method: "POST", body: "x" })
    expect(bad.seen.length).toBe(5)
    expect(events).toMatchObject([{ type: "endpoint-ejected", task: "bad", cause: "reset" }])
  })
})

describe("a response that breaks off", () => {
  it("is not begun anew, and the client can tell", async () => {
    let asked = 0
    const cutting = await rawBackend((socket) =>
      socket.on("data", () => {
        asked++
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        setImmediate(() => socket.destroy())
      })
    )
    const { port, proxy } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: cutting }] }]))
    await expect(request(port, "s")).rejects.toThrow()
    expect(asked).toBe(1)
    expect(proxy.stats().targets.get("s")?.failures.get("response-cut")).toBe(1)
  })
})
