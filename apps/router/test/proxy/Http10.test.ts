import { describe, expect, it } from "vitest"
import { httpBackend, RawClient, scriptedBackend, startProxy, tableOf } from "./support/Bench.ts"

describe("a client of HTTP/1.0", () => {
  it("gets a chunked response without its chunks, ended by the connection", async () => {
    const backend = await httpBackend((_, res) => {
      res.write("one ")
      res.write("two ")
      res.end("three")
    })
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
    const text = await new RawClient(port).send("GET / HTTP/1.0\r\nHost: s\r\n\r\n").end()
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n.*Connection: close\r\n\r\none two three$/s)
    expect(text).not.toMatch(/transfer-encoding/i)
  })

  it("is not kept, even if it asks", async () => {
    const backend = await httpBackend((_, res) => res.end("ok"))
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
    const text = await new RawClient(port).send("GET / HTTP/1.0\r\nHost: s\r\nConnection: keep-alive\r\n\r\n").end()
    expect(text).toMatch(/ok$/)
  })

  it("may leave out Host where any will do; the task gets one", async () => {
    const backend = await scriptedBackend(() => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    const { port } = await startProxy(
      tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }], [{ host: "*", services: ["s"] }])
    )
    expect(await new RawClient(port).send("GET / HTTP/1.0\r\n\r\n").end()).toMatch(/ok$/)
    expect(backend.heads[0]).toMatch(/^GET \/ HTTP\/1\.1\r\nHost: s\r\n/)
  })
})
