import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { makeShell } from "./harness.ts"
import { healthy } from "./HealthySwarm.ts"

describe("doctor --api", () => {
  const state = { hostname: "n1", version: "1.0", mode: "act", readingFailure: null, policyFailure: null, routers: 3 }
  const serving = (answer: (request: IncomingMessage) => readonly [number, string]) =>
    Effect.acquireRelease(
      Effect.async<{ readonly url: string; readonly close: () => void }>((resume) => {
        const server = createServer((request, response) => {
          const [status, body] = answer(request)
          response.writeHead(status).end(body)
        })
        server.listen(0, "127.0.0.1", () => {
          const close = () => {
            server.close()
            server.closeAllConnections()
          }
          resume(Effect.succeed({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }))
        })
      }),
      ({ close }) => Effect.sync(close)
    )
  const withApi = (answer: (request: IncomingMessage) => readonly [number, string]) =>
    Effect.gen(function* () {
      const { url } = yield* serving(answer)
      const shell = yield* makeShell(healthy)
      return yield* shell.run(`doctor --api ${url}/`, { environment: { EVENKEEL_TOKEN: "secret" } })
    })

  it.scoped("asks with the token, and counts the routers that follow", () =>
    Effect.gen(function* () {
      const { code, stdout } = yield* withApi((request) =>
        request.headers.authorization === "Bearer secret" && request.url === "/v1/state"
          ? [200, JSON.stringify(state)]
          : [401, "{}"]
      )
      expect(code).toBe(0)
      expect(stdout).toMatch(/^ok +rebalancer +rebalancer http:\S+: on n1, version 1\.0, mode act$/m)
      expect(stdout).toMatch(/^ok +routers +rebalancer http:\S+: 3 of 3 routers follow it$/m)
    })
  )
  it.scoped.each<[string, readonly [number, string], RegExp]>([
    ["routers that do not follow", [200, JSON.stringify({ ...state, routers: 1 })], /1 of 3 routers follow it/],
    ["a failure of its own", [200, JSON.stringify({ ...state, readingFailure: "no engine" })], /no engine/],
    ["a wrong token", [401, "{}"], /the token is missing or wrong/],
    ["something else there", [200, "<html>"], /answered with status 200 and no state/]
  ])("%s: a problem", ([_, answer, words]) =>
    Effect.gen(function* () {
      const { code, stdout } = yield* withApi(() => answer)
      expect(code).toBe(6)
      expect(stdout).toMatch(words)
    })
  )

  it.scoped("a token that cannot be sent is never shown", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(healthy)
      const environment = { EVENKEEL_API: "http://127.0.0.1:9", EVENKEEL_TOKEN: "hush\nhush" }
      const { code, stderr, stdout } = yield* shell.run("doctor", { environment })
      expect(code).toBe(6)
      expect(stdout).toContain("characters that no header carries")
      expect(stdout + stderr).not.toContain("hush")
    })
  )

  it.scoped.each<[line: string, environment: Record<string, string>, code: number, words: string]>([
    ["--api n1:7070", {}, 64, "--api or EVENKEEL_API n1:7070: expected a URL such as http://n1:7070"],
    ["", { EVENKEEL_API: "n1" }, 64, "expected a URL"],
    ["--api http://n1:7070", { EVENKEEL_TOKEN_FILE: "/no" }, 1, "EVENKEEL_TOKEN_FILE /no: it does not exist"]
  ])("%s %j: cannot be asked, and says so", ([line, environment, code, words]) =>
    Effect.gen(function* () {
      const shell = yield* makeShell(healthy)
      const outcome = yield* shell.run(`doctor ${line}`, { environment })
      expect(outcome).toMatchObject({ code, stdout: "" })
      expect(outcome.stderr).toContain(words)
    })
  )
})
