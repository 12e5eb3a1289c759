/** Whatever clients and tasks send, in whatever pieces: the router stays up, and keeps nothing. */
import * as net from "node:net"
import { describe, expect, it } from "vitest"
import { httpBackend, rawBackend, request, startProxy, tableOf, until } from "./support/Bench.ts"
import { fractionsOf } from "./support/Seeds.ts"

const clientParts = [
  "GET / HTTP/1.1\r\nHost: s\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 5\r\n\r\nhello",
  "PUT / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
  "HEAD / HTTP/1.0\r\nHost: s\r\n\r\n",
  "PUT / HTTP/1.1\r\nHost: s\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
  "5\r\nhello\r\n",
  "0\r\n\r\n",
  "Connection: close\r\n",
  "\r\n",
  "\x00\xff"
]
const taskParts = [
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
  "HTTP/1.1 100 Continue\r\n\r\n",
  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
  "HTTP/1.1 204 No Content\r\n\r\n",
  "HTTP/1.0 200 OK\r\n\r\nuntil the end",
  "5\r\nhello\r\n",
  "0\r\n\r\n",
  "HTTP/1.1 ",
  "\r\n",
  "\x00"
]

describe("garbage", () => {
  it.each([11, 22, 33])(
    "from both sides at once leaves nothing behind (seed %i)",
    async (seed) => {
      const random = fractionsOf(seed)
      const pick = (parts: ReadonlyArray<string>) => parts[Math.floor(random() * parts.length)] ?? ""
      const bad = await rawBackend((socket) => {
        socket.on("data", () => {
          for (let i = Math.floor(random() * 4); i > 0; i--) socket.write(pick(taskParts), "latin1")
          const fate = random()
          if (fate < 0.2) socket.end()
          else if (fate < 0.3) socket.resetAndDestroy()
        })
        socket.on("end", () => socket.end())
      })
      const good = await httpBackend((_, res) => res.end("good"))
      const { proxy, port } = await startProxy(
        tableOf([
          {
            name: "s",
            holdMillis: 100,
            timeouts: { connectMillis: 100, firstByteMillis: 50, idleMillis: 50 },
            tasks: [{ task: "bad", at: bad }]
          },
          { name: "well", tasks: [{ task: "good", at: good }] }
        ]),
        { random, limits: { clientIdleMs: 50, clientHeadMs: 50, clientStallMs: 50, lingerMs: 50, ejectionBaseMs: 10 } }
      )
      const one = () =>
        new Promise<void>((resolve) => {
          const socket = net.connect({ port, host: "127.0.0.1" })
          socket.on("error", () => undefined)
          socket.on("close", () => resolve())
          socket.resume()
          let text = ""
          for (let i = 1 + Math.floor(random() * 4); i > 0; i--) text += pick(clientParts)
          const cut = Math.floor(random() * text.length)
          socket.write(text.slice(0, cut), "latin1", () => setImmediate(() => socket.write(text.slice(cut), "latin1")))
          const fate = random()
          // Tunnels have no time-out: every client goes some time.
          setTimeout(() => (fate < 0.5 ? socket.end() : socket.destroy()), fate < 0.1 ? 0 : 150)
          setTimeout(() => socket.destroy(), 400)
        })
      for (let round = 0; round < 5; round++) await Promise.all(Array.from({ length: 60 }, one))
      expect((await request(port, "well")).body).toBe("good")
      await until(() => {
        const { totals, heldNow, heldBytes, endpoints, poolIdle } = proxy.stats()
        const { requestsInFlight, tunnels, clientConnections } = totals
        const outstanding = endpoints.reduce((sum, endpoint) => sum + endpoint.outstanding, 0)
        const connections = totals.upstreamConnections - poolIdle
        return requestsInFlight + tunnels + clientConnections + heldNow + heldBytes + outstanding + connections === 0
      }, "nothing is left")
    },
    20_000
  )
})
