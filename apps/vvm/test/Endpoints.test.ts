import { createHash } from "node:crypto"
import * as http from "node:http"
import { connect, createServer as createTcpServer } from "node:net"
import { describe, expect, it } from "vitest"
import { ask, withServer, withVvm } from "./Client.ts"

/** A port that nobody listens on: one that was just given up. */
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createTcpServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

const sha = (body: Buffer): string => createHash("sha256").update(body).digest("base64")

describe("/", () => {
  it("names service, task, node and slot in head and body", () =>
    withVvm({}, async (port) => {
      const answer = await ask(port, { path: "/", headers: { host: "vvm" } })
      expect(answer.status).toBe(200)
      expect(answer.json()).toMatchObject({ service: "p2p_vvm1", task: "task1", node: "n1", slot: "1", host: "vvm" })
      expect(answer.headers).toMatchObject({ "vvm-service": "p2p_vvm1", "vvm-task": "task1", "vvm-node": "n1" })
      expect(answer.headers["digest"]).toBe(`sha-256=${sha(answer.body)}`)
    }))

  it("answers HEAD with the head that GET has, and no body", () =>
    withVvm({}, async (port) => {
      const get = await ask(port, { path: "/", headers: { host: "vvm" } })
      const head = await ask(port, { path: "/", method: "HEAD", headers: { host: "vvm" } })
      expect(head.body).toHaveLength(0)
      expect(head.headers["content-length"]).toBe(String(get.body.length))
    }))

  it("tells what it takes to OPTIONS and to a method it does not know", () =>
    withVvm({}, async (port) => {
      const options = await ask(port, { path: "/", method: "OPTIONS" })
      expect([options.status, options.headers.allow]).toEqual([204, "GET, HEAD, OPTIONS"])
      const patch = await ask(port, { path: "/", method: "PATCH", body: ["x"] })
      expect([patch.status, patch.headers.allow]).toEqual([405, "GET, HEAD, OPTIONS"])
    }))

  it("refuses paths it does not have, also as an upgrade", () =>
    withVvm({}, async (port) => {
      expect((await ask(port, { path: "/nothing" })).status).toBe(404)
      const upgrade = await ask(port, { path: "/", headers: { connection: "upgrade", upgrade: "h2c" } })
      expect(upgrade.status).toBe(200)
      expect((await ask(port, { path: "/ws" })).status).toBe(426)
    }))
})

describe("/bytes", () => {
  it("gives the same bytes for the same seed, others for another", () =>
    withVvm({}, async (port) => {
      const one = await ask(port, { path: "/bytes?n=100001&seed=7" })
      const again = await ask(port, { path: "/bytes?n=100001&seed=7" })
      const other = await ask(port, { path: "/bytes?n=100001&seed=8" })
      expect(one.body).toHaveLength(100_001)
      expect(one.body.equals(again.body)).toBe(true)
      expect(one.body.equals(other.body)).toBe(false)
    }))

  it("puts the digest into the head, or chunked into the trailer", () =>
    withVvm({}, async (port) => {
      const known = await ask(port, { path: "/bytes?n=50000" })
      expect(known.headers["content-length"]).toBe("50000")
      expect(known.headers["digest"]).toBe(`sha-256=${sha(known.body)}`)
      const chunked = await ask(port, { path: "/bytes?n=50000&chunked=1" })
      expect(chunked.headers["transfer-encoding"]).toBe("chunked")
      expect(chunked.headers["digest"]).toBeUndefined()
      expect(chunked.trailers["digest"]).toBe(`sha-256=${sha(chunked.body)}`)
      expect(chunked.body.equals(known.body)).toBe(true)
    }))

  it("refuses a length it cannot make", () =>
    withVvm({}, async (port) => {
      for (const n of ["-1", "many", ""]) expect((await ask(port, { path: `/bytes?n=${n}` })).status).toBe(400)
    }))
})

describe("bodies sent to it", () => {
  const body = Array.from({ length: 40 }, (_, index) => Buffer.alloc(9_973, index))
  const whole = Buffer.concat(body)

  it("echoes what it gets, whatever the method, with a digest in the trailer", () =>
    withVvm({}, async (port) => {
      for (const method of ["POST", "PUT", "DELETE"]) {
        const answer = await ask(port, { path: "/echo", method, body, headers: { "transfer-encoding": "chunked" } })
        expect(answer.body.equals(whole)).toBe(true)
        expect(answer.trailers["digest"]).toBe(`sha-256=${sha(whole)}`)
      }
    }))

  it("echoes a chunk before the request has ended", () =>
    withVvm({}, async (port) => {
      const request = http.request({ port, host: "127.0.0.1", path: "/echo", method: "POST", agent: false })
      request.write("first")
      const response = await new Promise<http.IncomingMessage>((resolve) => request.once("response", resolve))
      const first = await new Promise((resolve) => response.once("data", resolve))
      expect(String(first)).toBe("first")
      const ended = new Promise((resolve) => response.once("end", resolve).resume())
      request.end()
      await ended
    }))

  it("measures an upload, chunked or not", () =>
    withVvm({}, async (port) => {
      const expected = { length: whole.length, sha256: createHash("sha256").update(whole).digest("hex") }
      const chunked = await ask(port, { path: "/upload", method: "PUT", body })
      expect(chunked.json()).toMatchObject(expected)
      const headers = { "content-length": whole.length, expect: "100-continue" }
      expect((await ask(port, { path: "/upload", method: "POST", body, headers })).json()).toMatchObject(expected)
    }))
})

describe("failure on request", () => {
  it("fails at the rate that is asked for, exactly", () =>
    withVvm({}, async (port) => {
      const statuses: Array<number> = []
      for (let index = 0; index < 8; index++) {
        statuses.push((await ask(port, { path: "/fail?status=502&rate=0.25" })).status)
      }
      expect(statuses).toEqual([200, 200, 200, 502, 200, 200, 200, 502])
    }))

  it("drops the connection before or within the answer", () =>
    withVvm({}, async (port) => {
      await expect(ask(port, { path: "/abort" })).rejects.toThrow(/hang up|ECONNRESET/)
      const request = http.get({ port, host: "127.0.0.1", path: "/abort?after=100", agent: false })
      request.on("error", () => "the reset, told a second time")
      const response = await new Promise<http.IncomingMessage>((resolve) => request.once("response", resolve))
      let received = 0
      response.on("data", (chunk: Buffer) => (received += chunk.length))
      await new Promise((resolve) => response.once("error", resolve))
      expect([response.statusCode, received, response.complete]).toEqual([200, 100, false])
    }))

  it("answers late, and forgets a request whose client has gone", () =>
    withVvm({}, async (port) => {
      expect((await ask(port, { path: "/slow?ms=20" })).status).toBe(200)
      const gone = connect(port, "127.0.0.1")
      gone.write("GET /slow?ms=600000 HTTP/1.1\r\nhost: vvm\r\n\r\n")
      const inFlight = async () => /requests_in_flight (\d+)/.exec(String((await ask(port, { path: "/metrics" })).body))
      while ((await inFlight())?.[1] !== "2") await new Promise(setImmediate)
      gone.destroy()
      while ((await inFlight())?.[1] !== "1") await new Promise(setImmediate)
      expect(String((await ask(port, { path: "/metrics" })).body)).toContain('endpoint="/slow",code="0"} 1')
    }))

  it("is unhealthy when told so, until told otherwise", () =>
    withVvm({}, async (port) => {
      const health = async () => (await ask(port, { path: "/healthz" })).status
      expect(await health()).toBe(200)
      expect((await ask(port, { path: "/admin/unhealthy" })).status).toBe(405)
      await ask(port, { path: "/admin/unhealthy", method: "POST" })
      expect(await health()).toBe(503)
      await ask(port, { path: "/admin/healthy", method: "POST" })
      expect(await health()).toBe(200)
    }))
})

describe("/call", () => {
  it("asks the router for the service by its host name, and passes status and body on", () =>
    withServer(
      (request, response) => {
        response.writeHead(request.url === "/teapot" ? 418 : 200, { "content-type": "application/json" })
        response.end(JSON.stringify({ host: request.headers.host, depth: request.headers["vvm-depth"] }))
      },
      (routerUrl) =>
        withVvm({ routerUrl }, async (port) => {
          const answer = await ask(port, { path: "/call?service=vvm3&path=/" })
          expect(answer.status).toBe(200)
          expect(answer.json()).toMatchObject({ via: { task: "task1" }, answer: { host: "vvm3", depth: "1" } })
          expect((await ask(port, { path: "/call?service=vvm3&path=/teapot" })).status).toBe(418)
        })
    ))

  it("keeps one connection to the router for calls after one another", () => {
    const sockets = new Set<unknown>()
    return withServer(
      (request, response) => {
        sockets.add(request.socket)
        response.end("plain text")
      },
      (routerUrl) =>
        withVvm({ routerUrl }, async (port) => {
          for (let index = 0; index < 3; index++) {
            expect((await ask(port, { path: "/call?service=vvm3" })).json()).toMatchObject({ answer: "plain text" })
          }
          expect(sockets.size).toBe(1)
        })
    )
  })

  it("waits for a router that is not there yet: nothing was sent, so nothing is sent twice", async () => {
    const port = await freePort()
    let requests = 0
    await withVvm({ routerUrl: new URL(`http://127.0.0.1:${port}`) }, async (vvm) => {
      const answer = ask(vvm, { path: "/call?service=vvm3" })
      const router = http.createServer((_, response) => {
        requests++
        response.end("late")
      })
      await new Promise<void>((resolve) => router.listen(port, "127.0.0.1", resolve))
      expect((await answer).json()).toMatchObject({ answer: "late" })
      expect(requests).toBe(1)
      router.closeAllConnections()
      router.close()
    })
  })

  it("says why there is no answer", async () => {
    await withServer(
      (request, response) => void (request.headers.host === "mute" || response.destroy()),
      (routerUrl) =>
        withVvm({ routerUrl, callTimeoutMs: 30 }, async (port) => {
          const cut = await ask(port, { path: "/call?service=vvm3" })
          expect([cut.status, String(cut.body)]).toEqual([502, expect.stringContaining("calling vvm3")])
          const mute = await ask(port, { path: "/call?service=mute" })
          expect([mute.status, String(mute.body)]).toEqual([504, expect.stringContaining("within 30 ms")])
        })
    )
    await withVvm({}, async (port) => {
      expect((await ask(port, { path: "/call?service=vvm3" })).status).toBe(501)
      expect((await ask(port, { path: "/call?service=a%0d%0ab" })).status).toBe(400)
      expect((await ask(port, { path: "/call?service=vvm3&path=vvm" })).status).toBe(400)
      expect((await ask(port, { path: "/call?service=vvm3", headers: { "vvm-depth": "5" } })).status).toBe(508)
    })
  })
})

describe("/metrics", () => {
  it("counts requests by endpoint and status, never by a path the client makes up", () =>
    withVvm({}, async (port) => {
      await ask(port, { path: "/" })
      await ask(port, { path: "/made-up" })
      const text = String((await ask(port, { path: "/metrics" })).body)
      expect(text).toContain('evenkeel_vvm_requests_total{endpoint="/",code="200"} 1')
      expect(text).toContain('evenkeel_vvm_requests_total{endpoint="unknown",code="404"} 1')
      expect(text).toContain('evenkeel_vvm_info{service="p2p_vvm1",task="task1",node="n1",slot="1"} 1')
      expect(text).toContain('evenkeel_vvm_request_duration_seconds_bucket{le="+Inf"} 2')
      expect(text).not.toContain("made-up")
    }))
})
