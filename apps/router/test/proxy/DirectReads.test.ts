/** What a client sends reaches its reader in order, whether the stream is paused or not, and its memory goes only when it is used up. */
import { createHash, randomBytes } from "node:crypto"
import * as net from "node:net"
import { describe, expect, it } from "vitest"
import { freeNow, readDirectly } from "../../src/proxy/DirectReads.ts"
import { afterwards, httpBackend, RawClient, settles, startProxy, tableOf, until } from "./support/Bench.ts"

/** Both ends of a connection; of the first, reading begins by `read`. */
const connected = async (): Promise<readonly [accepted: net.Socket, other: net.Socket]> => {
  const accepted = Promise.withResolvers<net.Socket>()
  const server = net.createServer({ allowHalfOpen: true }, accepted.resolve)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  const other = net.connect({ port: typeof address === "object" && address !== null ? address.port : 0, noDelay: true })
  const socket = await accepted.promise
  afterwards(() => {
    socket.destroy()
    other.destroy()
    server.close()
  })
  return [socket, other]
}

describe("reading directly", () => {
  it("gives every piece before the stream has heard of it", async () => {
    const [socket, other] = await connected()
    const pieces: Array<string> = []
    readDirectly(socket, (bytes) => {
      pieces.push(bytes.toString())
      expect(socket.readableLength).toBe(0)
    })
    let pushes = 0
    socket.on("data", () => pushes++)
    other.write("one")
    await until(() => pieces.length === 1, "the first piece comes")
    other.write("two")
    await until(() => pieces.length === 2, "the second piece comes")
    expect([pieces, pushes]).toEqual([["one", "two"], 0])
  })

  it("stops while the socket is paused, and goes on in order, up to the end", async () => {
    const [socket, other] = await connected()
    const hash = createHash("sha256")
    let received = 0
    let ended = false
    readDirectly(socket, (bytes) => {
      hash.update(bytes)
      received += bytes.length
      // Every so often, as a request does whose task does not read.
      if (received % 7 === 0) {
        socket.pause()
        setImmediate(() => socket.resume())
      }
    })
    socket.on("end", () => (ended = true))
    const sent = randomBytes(30_000_001)
    socket.pause()
    other.end(sent)
    expect(await settles(() => other.writableLength, "the sender has to wait")).toBeGreaterThan(0)
    expect(received).toBe(0)
    socket.resume()
    await until(() => ended, "the end comes")
    expect(hash.digest("hex")).toBe(createHash("sha256").update(sent).digest("hex"))
  })
})

describe("memory", () => {
  it("of a long piece is given back at once", () => {
    const piece = Buffer.allocUnsafeSlow(65_536)
    freeNow(piece)
    expect(piece.length).toBe(0)
  })

  it("of a part of something else is not", () => {
    const whole = Buffer.allocUnsafeSlow(65_536).fill("x")
    freeNow(whole.subarray(0, 40_000))
    freeNow(whole.subarray(1))
    expect(whole.toString("latin1", 65_535)).toBe("x")
  })

  it("of a long body stays until the task has taken it", async () => {
    const body = randomBytes(20_000_000)
    const hash = createHash("sha256")
    let begin: (() => void) | null = null
    const backend = await httpBackend((req, res) => {
      begin = () => void req.on("data", (bytes: Buffer) => hash.update(bytes))
      req.on("end", () => res.end(hash.digest("hex")))
    })
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
    const client = new RawClient(port).send(`POST / HTTP/1.1\r\nHost: s\r\nContent-Length: ${body.length}\r\n\r\n`)
    client.socket.write(body)
    await until(() => begin !== null, "the request is with the task")
    await settles(() => client.socket.writableLength, "the client has to wait")
    ;(begin as (() => void) | null)?.()
    await client.receives(createHash("sha256").update(body).digest("hex"))
  })
})
