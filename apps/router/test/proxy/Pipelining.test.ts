import { describe, expect, it } from "vitest"
import { httpBackend, RawClient, settles, startProxy, tableOf } from "./support/Bench.ts"

describe("requests sent without waiting", () => {
  it("are answered in order, however long each takes", async () => {
    const waiting = new Map<string, () => void>()
    const backend = await httpBackend((req, res) => {
      const answer = () => res.end(`[${req.url}]`)
      if (req.url === "/slow") waiting.set("slow", answer)
      else answer()
    })
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
    const client = new RawClient(port).send(
      ["/1", "/slow", "/3"].map((path) => `GET ${path} HTTP/1.1\r\nHost: s\r\n\r\n`).join("")
    )
    await client.receives("[/1]")
    while (!waiting.has("slow")) await new Promise((resolve) => setImmediate(resolve))
    expect(client.text).not.toContain("[/3]")
    waiting.get("slow")?.()
    const text = await client.receives("[/3]")
    expect(text.match(/\[[^\]]*\]/g)).toEqual(["[/1]", "[/slow]", "[/3]"])
  })

  it("may carry bodies, and be split anywhere", async () => {
    const backend = await httpBackend((req, res) => {
      let body = ""
      req.on("data", (bytes: Buffer) => (body += bytes.toString()))
      req.on("end", () => res.end(body))
    })
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
    const all =
      "POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 5\r\n\r\nfirst" +
      "POST / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nsecond\r\n0\r\n\r\n" +
      "\r\nPUT / HTTP/1.1\r\nHost: s\r\nContent-Length: 5\r\nConnection: close\r\n\r\nthird"
    for (const size of [1, 7, 64, all.length]) {
      const client = new RawClient(port)
      client.socket.setNoDelay(true)
      for (let at = 0; at < all.length; at += size) {
        client.send(all.slice(at, at + size))
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect(await client.end()).toMatch(/first.*second.*third/s)
    }
  })

  it("by the thousand need no deep stack", async () => {
    const { port } = await startProxy(tableOf([]))
    const client = new RawClient(port).send("GET / HTTP/1.1\r\nHost: s\r\n\r\n".repeat(5_000))
    client.send("GET / HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n")
    expect((await client.end()).split("no-route").length).toBe(5_002)
  })

  it("wait with the client when they are too many", async () => {
    const backend = await httpBackend(() => undefined)
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
    const client = new RawClient(port)
    const request = "GET / HTTP/1.1\r\nHost: s\r\n\r\n"
    const many = Buffer.from(request.repeat(10_000))
    let taken = 0
    const more = () => void client.socket.write(many, () => ++taken < 100 && more())
    more()
    expect(await settles(() => taken, "the client has to wait")).toBeLessThan(50)
  })

  it("wait for a client that does not read its answers, and are all answered when it does", async () => {
    const { port, proxy } = await startProxy(tableOf([]))
    const count = 100_000
    const client = new RawClient(port)
    client.socket.pause()
    client.send("GET / HTTP/1.1\r\nHost: s\r\n\r\n".repeat(count))
    client.send("GET / HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n")
    const answered = () => proxy.stats().totals.rejected.get("no-route") ?? 0
    expect(await settles(answered, "the requests have to wait")).toBeLessThan(count)
    client.socket.resume()
    expect((await client.end()).split("no-route").length).toBe(count + 2)
  })

  it("after one that ends the connection are not answered", async () => {
    const backend = await httpBackend((req, res) => res.end(`[${req.url}]`))
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
    const client = new RawClient(port).send(
      "GET /1 HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: s\r\n\r\n"
    )
    const text = await client.end()
    expect(text).toContain("[/1]")
    expect(text).not.toContain("[/2]")
  })
})
