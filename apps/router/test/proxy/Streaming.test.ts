import * as http from "node:http"
import { describe, expect, it } from "vitest"
import { httpBackend, RawClient, settles, startProxy, tableOf, until } from "./support/Bench.ts"

const tableFor = (at: { host: string; port: number }) => tableOf([{ name: "s", tasks: [{ task: "t", at }] }])

describe("streams", () => {
  it("of events arrive one by one, each as it is sent", async () => {
    let stream: http.ServerResponse | null = null
    const backend = await httpBackend((_, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders()
      stream = res
    })
    const { port } = await startProxy(tableFor(backend))
    const client = new RawClient(port).send("GET / HTTP/1.1\r\nHost: s\r\n\r\n")
    await client.receives("text/event-stream")
    for (let i = 0; i < 5; i++) {
      ;(stream as http.ServerResponse | null)?.write(`data: ${i}\n\n`)
      // Only after it has arrived is the next one sent.
      await client.receives(`data: ${i}\n\n`)
    }
  })

  it("down wait for a client that does not read, and lose nothing", async () => {
    const total = 50_000_000
    let written = 0
    const backend = await httpBackend((_, res) => {
      const more = () => {
        while (written < total) {
          written += 100_000
          if (!res.write(Buffer.alloc(100_000, "x"))) return void res.once("drain", more)
        }
        res.end()
      }
      more()
    })
    const { port } = await startProxy(tableFor(backend))
    const client = new RawClient(port)
    let received = 0
    client.socket.removeAllListeners("data")
    client.socket.pause()
    client.send("GET / HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n")
    expect(await settles(() => written, "the task has to wait")).toBeLessThan(total / 2)
    let xs = 0
    client.socket.on("data", (bytes: Buffer) => {
      received += bytes.length
      for (const byte of bytes) if (byte === 120) xs++
    })
    client.socket.resume()
    await client.end()
    expect(xs).toBeGreaterThanOrEqual(total)
    expect(received).toBeGreaterThan(total)
  })

  it("up wait for a task that does not read, and lose nothing", async () => {
    const total = 50_000_000
    let reading: http.IncomingMessage | null = null
    let received = 0
    const backend = await httpBackend((req, res) => {
      reading = req
      req.on("end", () => res.end(`got ${received}`))
    })
    const { port } = await startProxy(tableFor(backend))
    const client = new RawClient(port).send(`POST / HTTP/1.1\r\nHost: s\r\nContent-Length: ${total}\r\n\r\n`)
    client.socket.write(Buffer.alloc(total))
    await until(() => reading !== null, "the request is with the task")
    await settles(() => client.socket.writableLength, "the client has to wait")
    ;(reading as http.IncomingMessage | null)?.on("data", (bytes: Buffer) => (received += bytes.length))
    await client.receives(`got ${total}`)
  })

  it("go both ways at once", async () => {
    const backend = await httpBackend((req, res) => void req.pipe(res))
    const { port } = await startProxy(tableFor(backend))
    const client = new RawClient(port).send("POST / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\n")
    for (const word of ["one", "two", "six"]) {
      client.send(`3\r\n${word}\r\n`)
      await client.receives(`${word}\r\n`)
    }
    client.send("0\r\n\r\n")
    await client.receives(/0\r\n\r\n$/)
  })

  it("carry extensions and trailers of chunks as they came", async () => {
    const backend = await httpBackend((req, res) => {
      req.on("data", () => undefined)
      req.on("end", () => {
        res.writeHead(200, { trailer: "x-sum" })
        res.write("body")
        res.addTrailers({ "x-sum": JSON.stringify(req.trailers) })
        res.end()
      })
    })
    const { port } = await startProxy(tableFor(backend))
    const client = new RawClient(port).send(
      "POST / HTTP/1.1\r\nHost: s\r\nTrailer: x-mine\r\nTransfer-Encoding: chunked\r\n\r\n4;ext=1\r\nbody\r\n0\r\nx-mine: 7\r\n\r\n"
    )
    expect(await client.receives("x-sum: ")).toContain('x-sum: {"x-mine":"7"}')
  })
})
