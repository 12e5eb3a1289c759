import { describe, expect, it } from "vitest"
import { httpBackend, request, startProxy, tableOf } from "./support/Bench.ts"

describe("a request through the proxy", () => {
  it("reaches the service that its host names and brings the answer back", async () => {
    const one = await httpBackend((req, res) => res.end(`one ${req.method} ${req.url}`))
    const two = await httpBackend((req, res) => res.end(`two ${req.method} ${req.url}`))
    const { port } = await startProxy(
      tableOf([
        { name: "vvm1", tasks: [{ task: "t1", at: one }] },
        { name: "vvm2", tasks: [{ task: "t2", at: two }] }
      ])
    )
    expect((await request(port, "vvm1", { path: "/a?b=c" })).body).toBe("one GET /a?b=c")
    expect((await request(port, "VVM2.:8080", { path: "/", method: "PUT", body: "x" })).body).toBe("two PUT /")
  })

  it("echoes bodies of any size, by length and in chunks", async () => {
    const echo = await httpBackend((req, res) => void req.pipe(res))
    const { port } = await startProxy(tableOf([{ name: "echo", tasks: [{ task: "t1", at: echo }] }]))
    const body = Buffer.alloc(3_000_000, "0123456789")
    const byLength = await request(port, "echo", { method: "POST", body, headers: { "content-length": body.length } })
    expect(byLength.body === body.toString()).toBe(true)
    const chunked = await request(port, "echo", { method: "POST", body, headers: { "transfer-encoding": "chunked" } })
    expect(chunked.body === body.toString()).toBe(true)
  })

  it("uses connections again on both sides", async () => {
    const backend = await httpBackend((_, res) => res.end("ok"))
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t1", at: backend }] }]))
    for (let i = 0; i < 5; i++) expect((await request(port, "s")).body).toBe("ok")
    expect(backend.sockets.length).toBe(1)
  })
})
