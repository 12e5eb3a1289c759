/**
 * A program that loads a proxy with WebSockets. `ping PORT CONNECTIONS SECONDS`: messages back and forth, a JSON line at the
 * end. `hold PORT COUNT`: opens connections, prints how many are open, and ends them when its stdin ends.
 */
import * as net from "node:net"
import { WebSocket } from "ws"

const [mode, port = "", count = "", seconds = ""] = process.argv.slice(2)
const url = `ws://127.0.0.1:${port}/echo/ws`
const options = { perMessageDeflate: false, headers: { host: "bench" } }

const ping = (): void => {
  const message = Buffer.alloc(100, "m")
  let messages = 0
  let wrong = 0
  let startedAt = 0
  let opened = 0
  const sockets = Array.from({ length: Number(count) }, () => {
    const socket = new WebSocket(url, options)
    socket.on("open", () => {
      // All begin together, so that the handshakes are not measured.
      if (++opened < Number(count)) return
      startedAt = performance.now()
      for (const one of sockets) one.send(message)
      setTimeout(
        () => {
          const took = (performance.now() - startedAt) / 1_000
          process.stdout.write(`${JSON.stringify({ messages, seconds: took, wrong })}\n`, () => process.exit(0))
        },
        Number(seconds) * 1_000
      )
    })
    socket.on("message", (data: Buffer) => {
      messages++
      if (!data.equals(message)) wrong++
      socket.send(message)
    })
    socket.on("error", (error) => {
      process.stderr.write(`${error.message}\n`)
      process.exit(1)
    })
    return socket
  })
}

const handshake =
  "GET /echo/ws HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

/** Handshakes under way at once: the proxy's queue of connections is not what is measured. */
const together = 64

const hold = (): void => {
  let begun = 0
  let open = 0
  let failed = 0
  const next = (): void => {
    if (begun === Number(count)) {
      if (open + failed === begun) process.stdout.write(`${open}\n`)
      return
    }
    begun++
    const socket = net.connect({ port: Number(port), host: "127.0.0.1" })
    let done = false
    const settle = (good: boolean): void => {
      if (done) return
      done = true
      if (good) open++
      else failed++
      next()
    }
    socket.once("connect", () => socket.write(handshake))
    socket.once("data", (bytes: Buffer) => settle(bytes.toString("latin1").startsWith("HTTP/1.1 101 ")))
    socket.on("error", () => settle(false))
    socket.on("close", () => settle(false))
  }
  for (let i = 0; i < together; i++) next()
  process.stdin.on("end", () => process.exit(0)).resume()
}

if (mode === "ping") ping()
else hold()
