import { describe, expect, it } from "vitest"
import { Proxy } from "../../src/proxy/Proxy.ts"
import { RawClient, scriptedBackend, startProxy, tableOf } from "./support/Bench.ts"

const sentFor = async (request: string, trustedProxies: ReadonlyArray<string> = []) => {
  const backend = await scriptedBackend(() => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
  const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t1", at: backend }] }]), { trustedProxies })
  await new RawClient(port).send(request).receives("ok")
  return backend.heads[0] ?? ""
}

const spoof =
  "GET / HTTP/1.1\r\nHost: s:8080\r\nX-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: h\r\n" +
  "X-Forwarded-Port: 1\r\nForwarded: for=1.1.1.1\r\nX-Real-IP: 8.8.8.8\r\n\r\n"

describe("where a request came from", () => {
  it("is told by the router, not by a client that is not trusted", async () => {
    const sent = await sentFor(spoof)
    expect(sent).toContain("X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: s:8080\r\n")
    expect(sent).not.toMatch(/9\.9\.9\.9|8\.8\.8\.8|1\.1\.1\.1|https|x-forwarded-port/i)
  })

  it("is taken from a trusted proxy and added to", async () => {
    const sent = await sentFor(spoof, ["127.0.0.0/8"])
    expect(sent).toContain("X-Forwarded-For: 9.9.9.9, 127.0.0.1\r\n")
    expect(sent).toContain("X-Forwarded-Proto: https\r\n")
    expect(sent).toContain("X-Forwarded-Host: h\r\n")
    expect(sent).toContain("Forwarded: for=1.1.1.1\r\n")
    expect(sent).not.toContain("X-Forwarded-Proto: http\r\n")
  })

  it("cannot be told in names that only look like it", async () => {
    const sent = await sentFor(
      "GET / HTTP/1.1\r\nHost: s\r\nX_Forwarded_For: 9.9.9.9\r\nContent_Length: 5\r\nmy_field: kept\r\n\r\n"
    )
    expect(sent).not.toMatch(/_forwarded_|content_length/i)
    expect(sent).toContain("my_field: kept\r\n")
  })

  it("names the hops in Via", async () => {
    expect(await sentFor("GET / HTTP/1.1\r\nHost: s\r\nVia: 1.0 before\r\n\r\n")).toContain("Via: 1.0 before\r\n")
    expect(await sentFor("GET / HTTP/1.0\r\nHost: s\r\n\r\n")).toContain("Via: 1.0 router-under-test\r\n")
  })

  it("stops a request that comes round again", async () => {
    const { port, events } = await startProxy(tableOf([{ name: "s", tasks: [] }]))
    const client = new RawClient(port).send(
      "GET / HTTP/1.1\r\nHost: s\r\nVia: 1.1 other, 1.1 router-under-test (x)\r\n\r\n"
    )
    expect(await client.receives("itself")).toContain("HTTP/1.1 502 ")
    expect(events).toEqual([{ type: "loop", host: "s" }])
  })

  it("is not believed from a network that cannot be read", () => {
    const make = (cidr: string) => () =>
      new Proxy({ host: "127.0.0.1", port: 0, nodeId: "n", pseudonym: "p", trustedProxies: [cidr] })
    for (const cidr of ["10.0.0.0/33", "10.0.0/8", "x", "10.0.0.0/", "fd00::/129"]) expect(make(cidr)).toThrow(cidr)
    expect(make("fd00::/8")).not.toThrow()
  })
})
