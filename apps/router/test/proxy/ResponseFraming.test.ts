import { describe, expect, it } from "vitest"
import { rawBackend, RawClient, scriptedBackend, startProxy, tableOf } from "./support/Bench.ts"

const answering = async (answer: string, end = false) => {
  const backend = await scriptedBackend((_, socket) => {
    if (!end) return answer
    socket.end(answer, "latin1")
    return null
  })
  const { port, proxy } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
  return { client: new RawClient(port), proxy }
}
const get = "GET / HTTP/1.1\r\nHost: s\r\n\r\n"

describe("where a response ends", () => {
  it("after its head, to HEAD and for 204 and 304, whatever the fields say", async () => {
    for (const [request, answer] of [
      [get.replace("GET", "HEAD"), "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"],
      [get.replace("GET", "HEAD"), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
      [get, "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"],
      [get, "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n"]
    ] as const) {
      const { client, proxy } = await answering(answer)
      await client.send(request).receives(/\r\n\r\n$/)
      await client.send(request).receives(/\r\n\r\nHTTP.*\r\n\r\n$/s)
      expect(proxy.stats().totals.upstreamConnectsTotal).toBe(1)
      if (answer.includes("204")) expect(client.text).not.toContain("Content-Length")
    }
  })

  it("with the connection, where nothing else says so", async () => {
    const { client } = await answering("HTTP/1.1 200 OK\r\n\r\nall there is", true)
    expect(await client.send(get).end()).toMatch(/Connection: close\r\n\r\nall there is$/)
  })

  it("with the last chunk", async () => {
    const body = "5\r\nhello\r\n0\r\n\r\n"
    const { client } = await answering(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}`)
    expect((await client.send(get).receives(/0\r\n\r\n$/)).split("\r\n\r\n").slice(1).join("\r\n\r\n")).toBe(body)
    await client.send(get).receives(/0\r\n\r\nHTTP.*0\r\n\r\n$/s)
  })

  it("nowhere the client could trust: nothing of it is passed on", async () => {
    for (const answer of [
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk",
      "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "HTTP/2 200 OK\r\n\r\n",
      "hello\r\n\r\n"
    ]) {
      const { client } = await answering(answer)
      const text = await client.send(get).receives("bad-response")
      expect(text).toMatch(/^HTTP\/1\.1 502 /)
      expect(text.match(/HTTP\/1\.1 \d/g)?.length).toBe(1)
    }
  })

  it("in the middle of a chunk that breaks off: the client's connection breaks too", async () => {
    const backend = await rawBackend((socket) =>
      socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe"))
    )
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
    const client = new RawClient(port).send(get)
    await client.receives(/he$/)
    backend.sockets[0]?.write("lloXX")
    const text = await client.end()
    expect(text).not.toMatch(/0\r\n\r\n$/)
  })
})
