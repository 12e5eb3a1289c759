import * as https from "node:https"
import { describe, expect, it } from "vitest"
import { WebSocket, WebSocketServer } from "ws"
import { afterwards, type Backend, request, startProxy, tableOf, until } from "../proxy/support/Bench.ts"
import { pair, pem } from "./tls.fixture.ts"

/** A task that speaks TLS with the certificate called `name`. */
const secureTask = async (
  name: string
): Promise<Backend & { readonly server: https.Server; resumed: () => number }> => {
  const { certificate: cert, key } = pair(name)
  let resumed = 0
  const server = https.createServer({ cert, key }, (req, res) => {
    if (req.url === "/close") res.setHeader("connection", "close")
    res.end(`${req.headers["x-forwarded-proto"]} ${req.url}`)
  })
  server.on("secureConnection", (socket) => (resumed += Number(socket.isSessionReused())))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("no port")
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  afterwards(stop)
  return { host: "127.0.0.1", port: address.port, sockets: [], stop, server, resumed: () => resumed }
}

const tableFor = (at: Backend, verifyName?: string) =>
  tableOf([
    {
      name: "s",
      scheme: "https",
      ...(verifyName === undefined ? {} : { verifyName }),
      tasks: [{ task: "t1", at }]
    }
  ])
const upstreamAuthorities = pem("ca.crt")

describe("evenkeel.scheme=https", () => {
  it("speaks TLS to a task whose certificate holds for the name, on connections that are used again", async () => {
    const task = await secureTask("task")
    const { proxy, port } = await startProxy(tableFor(task, "s"), { upstreamAuthorities })
    for (let i = 0; i < 5; i++) expect((await request(port, "s", { path: `/${i}` })).body).toBe(`http /${i}`)
    expect(proxy.stats().totals.upstreamConnectsTotal).toBe(1)
  })

  it("resumes sessions", async () => {
    const task = await secureTask("task")
    const { port } = await startProxy(tableFor(task, "s"), { upstreamAuthorities })
    for (let i = 0; i < 3; i++) await request(port, "s", { path: "/close" })
    await until(() => task.resumed() > 0, "a session is resumed")
  })

  it("refuses a certificate for another name, or of an unknown authority, without sending anything", async () => {
    const other = await secureTask("site")
    let seen = 0
    other.server.on("request", () => seen++)
    const wrongName = await startProxy(tableFor(other, "s"), { upstreamAuthorities })
    const answer = await request(wrongName.port, "s")
    expect([answer.status, answer.headers["evenkeel-reason"]]).toEqual([502, "upstream-tls"])
    expect(answer.body).toContain("evenkeel.verify")
    expect(wrongName.events[0]).toMatchObject({ type: "endpoint-ejected", cause: "upstream-tls" })
    const unknown = await startProxy(tableFor(other, "site.example"))
    expect((await request(unknown.port, "s")).status).toBe(502)
    expect(seen).toBe(0)
  })

  it("asks for nothing where the label says so", async () => {
    const { port } = await startProxy(tableFor(await secureTask("site")))
    expect((await request(port, "s")).status).toBe(200)
  })

  it("tries another task when one is gone", async () => {
    const [gone, good] = [await secureTask("task"), await secureTask("task")]
    await gone.stop()
    const table = tableOf([
      {
        name: "s",
        scheme: "https",
        verifyName: "s",
        tasks: [
          { task: "t1", at: gone },
          { task: "t2", at: good }
        ]
      }
    ])
    const { port } = await startProxy(table, { upstreamAuthorities })
    for (let i = 0; i < 4; i++) expect((await request(port, "s")).status).toBe(200)
  })

  it("carries WebSockets, and active checks", async () => {
    const task = await secureTask("task")
    const checks: Array<string | undefined> = []
    task.server.on("request", (req) => req.url === "/healthz" && checks.push(req.headers.host))
    const server = new WebSocketServer({ server: task.server })
    server.on("connection", (socket) => socket.on("message", (text) => socket.send(`echo ${String(text)}`)))
    const table = tableOf([
      { name: "s", scheme: "https", verifyName: "s", health: {}, tasks: [{ task: "t1", at: task }] }
    ])
    const { port, events } = await startProxy(table, { upstreamAuthorities })
    const client = new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { host: "s" } })
    afterwards(() => client.terminate())
    const heard: Array<string> = []
    client.on("message", (text) => heard.push(String(text)))
    client.on("open", () => client.send("hello"))
    await until(() => heard.length === 1 && checks.length >= 3, "the echo comes, and checks are made")
    expect(events).toEqual([])
  })
})
