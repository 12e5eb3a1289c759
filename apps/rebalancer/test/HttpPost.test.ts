/** The request behind webhook and consent hook, over a socket. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { describe, expect } from "vitest"
import * as HttpPost from "../src/HttpPost.ts"

describe("the post itself", () => {
  const serving = (status: number, headers: Record<string, string>, body: string) =>
    Effect.acquireRelease(
      Effect.async<{ readonly url: URL; readonly got: Array<string>; readonly close: () => void }>((resume) => {
        const got: Array<string> = []
        const server = createServer((request, response) => {
          let text = ""
          request.on("data", (chunk) => (text += String(chunk)))
          request.on("end", () => {
            const { authorization = "nobody", "content-type": type } = request.headers
            got.push(`${request.method} ${request.url} ${type} ${authorization} ${text}`)
            response.writeHead(status, headers).end(body)
          })
        })
        server.listen(0, "127.0.0.1", () => {
          const { port } = server.address() as AddressInfo
          const close = () => {
            server.close()
            server.closeAllConnections()
          }
          resume(Effect.succeed({ url: new URL(`http://127.0.0.1:${port}/hook?key=secret`), got, close }))
        })
      }),
      ({ close }) => Effect.sync(close)
    )
  const send = (url: URL, body: unknown) =>
    Effect.provide(
      Effect.flatMap(HttpPost.HttpPost, (http) => http.send(url, body)),
      HttpPost.layer
    )

  it.scopedLive("sends JSON and gives status and text", () =>
    Effect.gen(function* () {
      const { got, url } = yield* serving(409, {}, '{"retryAfter":3}')
      expect(yield* send(url, { a: 1 })).toEqual({ status: 409, body: '{"retryAfter":3}' })
      expect(got).toEqual(['POST /hook?key=secret application/json nobody {"a":1}'])
    })
  )
  it.scopedLive("sends user and password of the address as a header", () =>
    Effect.gen(function* () {
      const { got, url } = yield* serving(204, {}, "")
      url.username = "ann"
      url.password = "p@ss:wörd"
      expect((yield* send(url, {})).status).toBe(204)
      const basic = Buffer.from("ann:p@ss:wörd").toString("base64")
      expect(got).toEqual([`POST /hook?key=secret application/json Basic ${basic} {}`])
    })
  )
  it.scopedLive("follows no redirect", () =>
    Effect.gen(function* () {
      const { url } = yield* serving(302, { location: "http://127.0.0.1:1/" }, "")
      expect((yield* send(url, {})).status).toBe(302)
    })
  )
  it.scopedLive("reads no more of a long answer than it needs", () =>
    Effect.gen(function* () {
      const { url } = yield* serving(200, {}, "x".repeat(1 << 20))
      expect((yield* send(url, {})).body.length).toBe(16 << 10)
    })
  )
  it.scopedLive("an address where nobody listens: why, and without what may be secret", () =>
    Effect.gen(function* () {
      const { close, url } = yield* serving(200, {}, "")
      close()
      const secrets = new URL(
        `http://secret-user:secret-word@${url.host}/services/secret-path?key=secret-key#secret-end`
      )
      const error = yield* Effect.flip(send(secrets, {}))
      expect(error.message).toMatch(/ECONNREFUSED/)
      expect(error.message).toContain(url.host)
      expect(error.message).not.toContain("secret")
    })
  )
})
