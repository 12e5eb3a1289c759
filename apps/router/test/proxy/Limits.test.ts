/** Overload is shed with 503 and Retry-After: connections, requests of one client, requests of one service. */
import { describe, expect, it } from "vitest"
import { httpBackend, RawClient, startProxy, tableOf, until } from "./support/Bench.ts"

/** A backend that answers when it is told to. */
const slowBackend = async () => {
  const waiting: Array<() => void> = []
  const backend = await httpBackend((_request, response) => waiting.push(() => response.end("done")))
  return { backend, waiting }
}

const get = "GET / HTTP/1.1\r\nHost: web\r\n\r\n"

describe("more than the limits allow", () => {
  it("connections are told 503 and closed; one that goes makes room for another", async () => {
    const { backend, waiting } = await slowBackend()
    const { port, proxy } = await startProxy(tableOf([{ name: "web", tasks: [{ task: "t", at: backend }] }]), {
      limits: { connections: 2 }
    })
    const first = new RawClient(port).send(get)
    const second = new RawClient(port)
    await until(() => waiting.length === 1 && proxy.stats().totals.clientConnections === 2, "two are connected")
    const third = new RawClient(port)
    const refusal = await third.end()
    expect(refusal).toMatch(/^HTTP\/1\.1 503 /)
    expect(refusal).toContain("Evenkeel-Reason: connections\r\n")
    expect(refusal).toContain("Retry-After: 1\r\n")
    expect(proxy.stats().totals.rejected.get("connections")).toBe(1)
    third.socket.destroy()
    second.socket.destroy()
    await until(() => proxy.stats().totals.clientConnections === 1, "one is left")
    const fourth = new RawClient(port).send(get)
    await until(() => waiting.length === 2, "the fourth is served")
    for (const answer of waiting) answer()
    await first.receives("done")
    await fourth.receives("done")
  })

  it("connections of one address are told apart from those of others", async () => {
    const { backend, waiting } = await slowBackend()
    const { port, proxy } = await startProxy(tableOf([{ name: "web", tasks: [{ task: "t", at: backend }] }]), {
      limits: { connectionsPerClient: 1 }
    })
    const first = new RawClient(port).send(get)
    await until(() => waiting.length === 1, "the first is served")
    expect(await new RawClient(port).end()).toContain("Evenkeel-Reason: connections\r\n")
    expect(proxy.stats().totals.rejected.get("connections")).toBe(1)
    waiting[0]?.()
    await first.receives("done")
  })

  it("requests of one client are refused, and its connection goes on", async () => {
    const { backend, waiting } = await slowBackend()
    const { port } = await startProxy(tableOf([{ name: "web", tasks: [{ task: "t", at: backend }] }]), {
      limits: { requestsPerClient: 1 }
    })
    const first = new RawClient(port).send(get)
    await until(() => waiting.length === 1, "the first is under way")
    const second = new RawClient(port).send(get)
    expect(await second.receives("\r\n\r\n")).toContain("Evenkeel-Reason: client-requests\r\n")
    waiting[0]?.()
    await first.receives("done")
    second.text = ""
    second.send(get)
    await until(() => waiting.length === 2, "there is room again")
    waiting[1]?.()
    await second.receives("done")
  })

  it("requests of one service are refused, those of another are not", async () => {
    const { backend, waiting } = await slowBackend()
    const table = tableOf([
      { name: "web", tasks: [{ task: "t", at: backend }] },
      { name: "other", tasks: [{ task: "o", at: backend }] }
    ])
    const { port, proxy } = await startProxy(table, { limits: { requestsPerTarget: 1 } })
    const first = new RawClient(port).send(get)
    await until(() => waiting.length === 1, "the first is under way")
    const second = new RawClient(port).send(get)
    const refusal = await second.receives("\r\n\r\n")
    expect(refusal).toMatch(/^HTTP\/1\.1 503 /)
    expect(refusal).toContain("Evenkeel-Reason: overload\r\n")
    expect(proxy.stats().targets.get("web")?.failures.get("overload")).toBe(1)
    const third = new RawClient(port).send("GET / HTTP/1.1\r\nHost: other\r\n\r\n")
    await until(() => waiting.length === 2, "the other service is served")
    for (const answer of waiting) answer()
    await first.receives("done")
    await third.receives("done")
    second.text = ""
    second.send(get)
    await until(() => waiting.length === 3, "there is room again")
    waiting[2]?.()
    await second.receives("done")
  })
})
