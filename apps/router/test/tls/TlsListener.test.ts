import * as http from "node:http"
import { describe, expect, it } from "vitest"
import { WebSocket, WebSocketServer } from "ws"
import { Proxy } from "../../src/proxy/Proxy.ts"
import { Certificates } from "../../src/tls/Certificates.ts"
import {
  afterwards,
  httpBackend,
  isLeft,
  RawClient,
  request,
  startProxy,
  tableOf,
  until
} from "../proxy/support/Bench.ts"
import { pair, pem, tlsClient } from "./tls.fixture.ts"

const start = async (handler: http.RequestListener, certificates = new Certificates([pair("site"), pair("wild")])) => {
  const backend = await httpBackend(handler)
  const table = tableOf(
    [{ name: "s", tasks: [{ task: "t1", at: backend }] }],
    ["site.example", "a.wild.example", "plain.example"].map((host) => ({ host, services: ["s"] as const }))
  )
  const proxy = new Proxy({
    host: "127.0.0.1",
    port: 0,
    nodeId: "node-router",
    pseudonym: "router-under-test",
    trustedProxies: [],
    tls: { port: 0, certificates },
    limits: { tickMs: 10 }
  })
  const { port, tlsPort } = await proxy.listen()
  afterwards(() => proxy.close({ deadlineMs: 0 }))
  proxy.setTable(table)
  if (tlsPort === null) throw new Error("no TLS port")
  return { proxy, port, tlsPort, backend, certificates }
}

const get = (host: string) => `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`

describe("clients over TLS", () => {
  it("get the certificate of the name they ask for, the first one otherwise", async () => {
    const { tlsPort } = await start((_, res) => res.end("ok"))
    expect((await tlsClient(tlsPort)).name).toBe("site")
    expect((await tlsClient(tlsPort, { servername: "a.wild.example" })).name).toBe("wild")
    const anyone = { rejectUnauthorized: false }
    expect((await tlsClient(tlsPort, { servername: "unknown.example", ...anyone })).name).toBe("site")
    expect((await tlsClient(tlsPort, { servername: "", ...anyone })).name).toBe("site")
  })

  it("are served like any others, and their tasks are told that it was https", async () => {
    const { port, tlsPort } = await start((req, res) => res.end(`proto ${req.headers["x-forwarded-proto"]};`))
    const client = await tlsClient(tlsPort)
    client.send(get("site.example") + get("site.example"))
    await until(() => client.received().split("proto https;").length === 3, "both pipelined answers come")
    expect((await request(port, "site.example")).body).toBe("proto http;")
  })

  it("send and get large bodies whole", async () => {
    const { tlsPort } = await start((req, res) => req.pipe(res))
    const body = Buffer.alloc(3 << 20, "0123456789abcdef")
    const { socket } = await tlsClient(tlsPort)
    socket.removeAllListeners("data")
    const got = await new Promise<Buffer>((resolve, reject) => {
      const outgoing = http.request(
        {
          method: "POST",
          headers: { host: "site.example" },
          createConnection: () => socket
        },
        (incoming) => {
          const pieces: Array<Buffer> = []
          incoming.on("data", (piece: Buffer) => pieces.push(piece))
          incoming.on("end", () => resolve(Buffer.concat(pieces)))
        }
      )
      outgoing.on("error", reject)
      outgoing.end(body)
    })
    expect(got.equals(body)).toBe(true)
  })

  it("agree on http/1.1, on TLS 1.2 or newer, or on nothing", async () => {
    const { proxy, tlsPort } = await start((_, res) => res.end("ok"))
    expect((await tlsClient(tlsPort, { ALPNProtocols: ["h2", "http/1.1"] })).socket.alpnProtocol).toBe("http/1.1")
    expect((await tlsClient(tlsPort, { maxVersion: "TLSv1.2" })).socket.getProtocol()).toBe("TLSv1.2")
    expect((await tlsClient(tlsPort)).socket.getProtocol()).toBe("TLSv1.3")
    await expect(tlsClient(tlsPort, { ALPNProtocols: ["h2"] })).rejects.toThrow()
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL@SECLEVEL=0" } as const
    await expect(tlsClient(tlsPort, old)).rejects.toThrow()
    new RawClient(tlsPort).send(get("site.example"))
    await until(() => (proxy.stats().totals.rejected.get("tls-handshake") ?? 0) >= 3, "all three are counted")
  })

  it("upgrade to WebSocket", async () => {
    const { tlsPort, backend } = await start((_, res) => res.end("ok"))
    const server = new WebSocketServer({ server: backend.server })
    server.on("connection", (socket) => socket.on("message", (text) => socket.send(`echo ${String(text)}`)))
    const verified = { ca: pem("ca.crt"), servername: "site.example" }
    const client = new WebSocket(`wss://127.0.0.1:${tlsPort}/`, { ...verified, headers: { host: "site.example" } })
    afterwards(() => client.terminate())
    const heard: Array<string> = []
    client.on("message", (text) => heard.push(String(text)))
    client.on("open", () => client.send("hello"))
    await until(() => heard.length === 1, "the echo comes")
    expect(heard).toEqual(["echo hello"])
  })

  it("see a new certificate without losing the connections they have", async () => {
    let end = (): unknown => undefined
    const { tlsPort, certificates } = await start((req, res) => {
      if (req.url !== "/stream") return void res.end("ok")
      res.write("begun ")
      end = () => res.end("ended")
    })
    const before = await tlsClient(tlsPort)
    before.send("GET /stream HTTP/1.1\r\nHost: site.example\r\n\r\n")
    await before.receives("begun")
    certificates.replace([pair("renewed")])
    expect((await tlsClient(tlsPort)).name).toBe("renewed")
    expect((await tlsClient(tlsPort, { servername: "", rejectUnauthorized: false })).name).toBe("renewed")
    end()
    await before.receives("ended")
    before.send(get("site.example"))
    await before.receives("\r\n\r\nok")
    expect(before.name).toBe("site")
  })

  it("are let go in order when the router stops", async () => {
    const { proxy, tlsPort } = await start((_, res) => res.end("ok"))
    const client = await tlsClient(tlsPort)
    client.send(get("site.example"))
    await client.receives("ok")
    const closed = proxy.close({ deadlineMs: 5_000 })
    await isLeft(tlsPort)
    client.send(get("site.example"))
    await client.receives("Connection: close")
    await client.ends()
    await closed
  })
})

describe("evenkeel.redirect=https", () => {
  const table = tableOf(
    [{ name: "s", tasks: [] }],
    [{ host: "site.example", services: ["s"], redirect: "https" as const }]
  )

  it("sends plain requests to https with method and path, on the public port", async () => {
    const { port } = await startProxy(table)
    const answer = await request(port, "site.example:8080", { path: "/a?b=c", method: "POST", body: "x" })
    expect([answer.status, answer.headers.location]).toEqual([308, "https://site.example/a?b=c"])
    const other = await startProxy(table, { httpsPort: 8443 })
    expect((await request(other.port, "site.example")).headers.location).toBe("https://site.example:8443/")
  })

  it("believes only a trusted proxy that the client came over https", async () => {
    const headers = { "x-forwarded-proto": "https" }
    const { port } = await startProxy(table)
    expect((await request(port, "site.example", { headers })).status).toBe(308)
    const behind = await startProxy(table, { trustedProxies: ["127.0.0.1"] })
    expect((await request(behind.port, "site.example", { headers })).status).toBe(503)
    expect((await request(behind.port, "site.example")).status).toBe(308)
  })
})
