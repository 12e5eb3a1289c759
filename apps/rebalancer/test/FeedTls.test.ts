/** The feed over TLS, with the programs as they are deployed: a rebalancer, a router, and as much of an engine as both need. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { spawn } from "node:child_process"
import { generateKeyPairSync } from "node:crypto"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import * as http from "node:http"
import * as https from "node:https"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { afterEach, describe, expect } from "vitest"
import { wireNode } from "@evenkeel/swarm-client/TestWire"
import * as FeedTls from "../src/FeedTls.ts"

const workspace = join(import.meta.dirname, "../../..")
const fixtures = join(workspace, "libs/feed/test/fixtures/tls")
const [certificatePath, keyPath] = [join(fixtures, "rebalancer.crt"), join(fixtures, "rebalancer.key")]
const authorities = readFileSync(certificatePath, "utf8")
const token = "a-token-that-both-have"

const cleanups: Array<() => void> = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup()
})

/** A manager's engine, alone in its Swarm and without services. Resolves to its address. */
const engine = async (): Promise<string> => {
  const info = { Name: "n1", Swarm: { NodeID: "n1", LocalNodeState: "active", ControlAvailable: true } }
  const server = http.createServer(({ url = "" }, response) => {
    const [, collection = ""] = /^(?:\/v[\d.]+)?\/(\w+)/.exec(url) ?? []
    if (collection === "events") return void response.writeHead(200).flushHeaders()
    response.setHeader("Api-Version", "1.43")
    const answers: Readonly<Record<string, unknown>> = {
      _ping: "OK",
      version: { ApiVersion: "1.43" },
      info,
      nodes: [wireNode({ id: "n1", leader: true })]
    }
    response.end(JSON.stringify(answers[collection] ?? []))
  })
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-engine-"))
  cleanups.push(() => {
    server.close()
    server.closeAllConnections()
    rmSync(folder, { recursive: true })
  })
  const socket = join(folder, "docker.sock")
  await once(server.listen(socket), "listening")
  return `unix://${socket}`
}

/** Resolves to the first log line with this message. */
const run = async (app: "rebalancer" | "router", environment: Readonly<Record<string, string>>, message: string) => {
  const child = spawn(process.execPath, ["--conditions=@evenkeel/source", join(workspace, `apps/${app}/src/main.ts`)], {
    env: { PATH: process.env["PATH"], EVENKEEL_TOKEN: token, ...environment },
    stdio: ["ignore", "ignore", "pipe"]
  })
  cleanups.push(() => child.kill("SIGKILL"))
  const seen: Array<string> = []
  for await (const line of createInterface({ input: child.stderr })) {
    seen.push(line)
    if (line.includes(message)) {
      child.stderr.resume()
      return JSON.parse(line) as Record<string, unknown>
    }
  }
  throw new Error(`${app} ended without "${message}":\n${seen.join("\n")}`)
}

const statusOf = (port: number, secure: boolean) =>
  new Promise<number | string>((resolve) => {
    const options = { host: "127.0.0.1", port, path: "/v1/state", headers: { authorization: `Bearer ${token}` } }
    const sent = secure
      ? https.get({ ...options, ca: authorities, servername: "rebalancer" })
      : http.get({ ...options, agent: false })
    sent.on("response", (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    sent.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })

describe("a rebalancer with a certificate", { timeout: 60_000 }, () => {
  it("feeds a router and answers the API over TLS, and neither without", async () => {
    const rebalancer = await run(
      "rebalancer",
      {
        DOCKER_HOST: await engine(),
        EVENKEEL_REBALANCER_HOST: "127.0.0.1",
        EVENKEEL_REBALANCER_PORT: "0",
        EVENKEEL_REBALANCER_ADMIN_PORT: "0",
        EVENKEEL_REBALANCER_FEED_TLS_CERT_FILE: certificatePath,
        EVENKEEL_REBALANCER_FEED_TLS_KEY_FILE: keyPath
      },
      '"event":"started"'
    )
    const port = Number(rebalancer["port"])
    expect(rebalancer["tls"]).toBe(true)
    expect(await statusOf(port, true)).toBe(200)
    expect(await statusOf(port, false)).not.toBe(200)
    const router = {
      EVENKEEL_ROUTER_HOST: "127.0.0.1",
      EVENKEEL_ROUTER_PORT: "0",
      EVENKEEL_ROUTER_ADMIN_PORT: "0",
      EVENKEEL_ROUTER_HEARTBEAT_PORT: "0",
      EVENKEEL_FEED_CA_FILE: certificatePath
    }
    const secure = {
      ...router,
      EVENKEEL_FEED_URLS: `wss://127.0.0.1:${port}/feed`,
      EVENKEEL_FEED_TLS_NAME: "rebalancer"
    }
    await run("router", secure, '"message":"taking requests"')
    await run("router", { ...router, EVENKEEL_FEED_URLS: `ws://127.0.0.1:${port}/feed` }, "no feed from ws://")
  })
})

describe("its certificate", () => {
  const cert = Option.some(authorities)
  const key = Option.some(Redacted.make(readFileSync(keyPath, "utf8")))
  const load = (feedCertificate: Option.Option<string>, feedKey: Option.Option<Redacted.Redacted>) =>
    FeedTls.load({ feedCertificate, feedKey })

  it.effect("is used with its key, and is not asked for", () =>
    Effect.gen(function* () {
      expect((yield* load(cert, key))?.cert).toBe(authorities)
      expect(yield* load(Option.none(), Option.none())).toBe(null)
    })
  )

  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const another = Option.some(Redacted.make(privateKey.export({ type: "pkcs8", format: "pem" }).toString()))
  const nonsense = Redacted.make("s3cret nonsense")
  it.effect.each([
    ["FEED_TLS_KEY is not set, but", cert, Option.none()],
    ["FEED_TLS_CERT is not set, but", Option.none(), key],
    ["FEED_TLS_CERT is no certificate", Option.some("nonsense"), key],
    ["FEED_TLS_KEY is no private key", cert, Option.some(nonsense)],
    ["FEED_TLS_KEY does not belong to", cert, another]
  ] as const)("says what is wrong with it: %s", ([said, certificate, privateOne]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(load(certificate, privateOne))
      expect(error.message).toContain(said)
      expect(error.message).not.toContain("s3cret")
    })
  )
})
