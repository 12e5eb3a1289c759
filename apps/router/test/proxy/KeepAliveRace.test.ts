import { describe, expect, it } from "vitest"
import { rawBackend, request, scriptedBackend, startProxy, tableOf, until } from "./support/Bench.ts"

const ok = (text: string, fields = "") => `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n${fields}\r\n${text}`

describe("connections kept to a task", () => {
  it("that close as they are taken cost an idempotent request nothing, retries off or not", async () => {
    let served = 0
    const backend = await rawBackend((socket) => {
      let first = true
      socket.on("data", () => {
        served++
        if (first) socket.write(ok("ok"))
        else socket.destroy()
        first = false
      })
    })
    const { port } = await startProxy(tableOf([{ name: "s", retries: 0, tasks: [{ task: "t", at: backend }] }]))
    expect((await request(port, "s")).body).toBe("ok")
    expect((await request(port, "s")).body).toBe("ok")
    expect([served, backend.sockets.length]).toEqual([3, 2])
  })

  it("are not used for a POST, which could not be sent again", async () => {
    const backend = await scriptedBackend(() => ok("ok"))
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
    await request(port, "s")
    await request(port, "s", { method: "POST", headers: { "content-length": 0 } })
    expect(backend.sockets.length).toBe(2)
    await request(port, "s")
    expect(backend.sockets.length).toBe(2)
  })

  it("are given up when the task says something unasked", async () => {
    const backend = await scriptedBackend((_, socket) => {
      setImmediate(() => setImmediate(() => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")))
      return ok("good")
    })
    const { proxy, port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
    expect((await request(port, "s")).body).toBe("good")
    await until(() => proxy.stats().totals.upstreamConnections === 0, "the connection is given up")
    expect((await request(port, "s")).body).toBe("good")
  })

  it("are given up when more follows the response than belongs to it", async () => {
    const backend = await scriptedBackend(() => `${ok("good")}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`)
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
    for (let i = 0; i < 3; i++) expect((await request(port, "s")).body).toBe("good")
    expect(backend.sockets.length).toBe(3)
  })

  it("rest no longer than the task announces, less a second", async () => {
    let clock = 1_000
    const backend = await scriptedBackend(() => ok("ok", "Keep-Alive: timeout=3\r\n"))
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]), {
      now: () => clock
    })
    await request(port, "s")
    clock += 1_900
    await request(port, "s")
    expect(backend.sockets.length).toBe(1)
    clock += 2_000
    await request(port, "s")
    expect(backend.sockets.length).toBe(2)
  })

  it("are not kept when the task says close", async () => {
    const backend = await scriptedBackend(() => ok("ok", "Connection: close\r\n"))
    const { proxy, port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
    await request(port, "s")
    expect(proxy.stats().poolIdle).toBe(0)
  })
})
