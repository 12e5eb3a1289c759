import { describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { NodeId, RaftIndex, ServiceId } from "@evenkeel/domain/Ids"
import { type EngineEndpoint, unixSocket } from "../src/EngineEndpoint.ts"
import { layer, layerFromEnv, SwarmClient, type SwarmClientShape } from "../src/SwarmClient.ts"
import { wireService, wireTask } from "../src/TestWire.ts"
import * as FakeEngine from "./FakeEngine.ts"

const withClient = <A, E, R>(
  endpoint: EngineEndpoint,
  use: (client: SwarmClientShape) => Effect.Effect<A, E, R>
): Effect.Effect<A, unknown, R> => Effect.flatMap(SwarmClient, use).pipe(Effect.provide(layer({ endpoint })))

const id = ServiceId.make("svc1")
const version = RaftIndex.make(20)

describe("SwarmClient over a socket", () => {
  it.scopedLive("reads and writes a spec byte for byte, in the engine's own API version", () =>
    Effect.gen(function* () {
      const specText =
        '{"Name":"p2p_a","Labels":{"x":"\\u003cé😀\\u2028\\""},"TaskTemplate":{"Hard":9223372036854775807,"New":{"a":1.0}},"Mode":{"Replicated":{"Replicas":1}}}'
      const previous = '{"Name":"p2p_a", "Mode":{}}'
      const text = `{"ID":"svc1","Version":{"Index":20},"Spec":${specText},"PreviousSpec":${previous},"Endpoint":{}}\n`
      const engine = yield* FakeEngine.start((path, response) => {
        if (path === "/networks") FakeEngine.json(response, 200, "[]")
        else FakeEngine.json(response, 200, path.endsWith("/update") ? '{"Warnings":["w"]}\n' : text)
      })
      yield* withClient(engine.endpoint, (client) =>
        Effect.gen(function* () {
          const read = yield* client.service("svc1")
          expect(read.specText).toBe(specText)
          expect(read.previousSpecText).toBe(previous)
          expect(read.version).toBe(20)
          const warnings = yield* client.updateService({ id, version: read.version, specText: read.specText })
          expect(warnings).toEqual(["w"])
        })
      )
      const update = engine.received.find(({ method }) => method === "POST")
      expect(update?.body).toBe(specText)
      expect(update?.url).toBe("/v1.43/services/svc1/update?version=20")
      expect(update?.headers["content-type"]).toBe("application/json")
      expect(update?.headers["content-length"]).toBe(String(Buffer.byteLength(specText)))
      expect(engine.received.map(({ url }) => url).slice(0, 2)).toEqual(["/_ping?", "/v1.43/services/svc1?"])
      expect(engine.received.some(({ url }) => url.includes("insertDefaults"))).toBe(false)
    })
  )

  it.scopedLive("speaks TCP, and passes filters and rollbacks in the query", () =>
    Effect.gen(function* () {
      const engine = yield* FakeEngine.start((_, response) => FakeEngine.json(response, 200, "[]"), { tcp: true })
      yield* withClient(engine.endpoint, (client) =>
        Effect.gen(function* () {
          yield* client.tasks({ service: ["a b"], desiredState: ["running"] })
          engine.answer((_, response) => FakeEngine.json(response, 200, "{}"))
          yield* client.updateService({ id, version, specText: "{}", rollback: "previous" })
        })
      )
      const urls = engine.received.map(({ url }) => new URL(url, "http://engine"))
      const tasks = urls.find(({ pathname }) => pathname === "/v1.43/tasks")
      expect(JSON.parse(tasks?.searchParams.get("filters") ?? "")).toEqual({
        service: ["a b"],
        "desired-state": ["running"]
      })
      expect(urls.at(-1)?.search).toBe("?version=20&rollback=previous")
    })
  )

  it.scopedLive("reads again in the new version when the engine was upgraded", () =>
    Effect.gen(function* () {
      let apiVersion = "1.41"
      const engine = yield* FakeEngine.start((_, response) => FakeEngine.json(response, 200, "[]"), {
        apiVersion: () => apiVersion
      })
      yield* withClient(engine.endpoint, (client) =>
        Effect.gen(function* () {
          yield* client.nodes
          apiVersion = "1.52"
          yield* client.nodes
          yield* client.nodes
        })
      )
      expect(engine.received.map(({ url }) => url)).toEqual([
        "/_ping?",
        "/v1.41/nodes?",
        "/v1.41/nodes?",
        "/v1.52/nodes?",
        "/v1.52/nodes?"
      ])
    })
  )

  it.scopedLive("writes in the version that the engine has now", () =>
    Effect.gen(function* () {
      let apiVersion = "1.41"
      const engine = yield* FakeEngine.start((_, response) => FakeEngine.json(response, 200, "{}"), {
        apiVersion: () => apiVersion
      })
      yield* withClient(engine.endpoint, (client) =>
        Effect.gen(function* () {
          yield* client.ping
          apiVersion = "1.52"
          yield* client.updateService({ id, version, specText: "{}" })
        })
      )
      expect(engine.received.at(-1)?.url).toBe("/v1.52/services/svc1/update?version=20")
    })
  )

  it.scoped("gives up after two seconds without an answer, and closes the connection", () =>
    Effect.gen(function* () {
      const engine = yield* FakeEngine.start(() => {})
      const error = yield* withClient(engine.endpoint, (client) =>
        Effect.gen(function* () {
          yield* client.ping
          const asked = yield* Effect.fork(engine.awaitRequest("/nodes"))
          yield* Effect.yieldNow()
          const call = yield* Effect.fork(Effect.flip(client.nodes))
          yield* Fiber.join(asked)
          yield* TestClock.adjust("1999 millis")
          expect(call.unsafePoll()).toBeNull()
          yield* TestClock.adjust("1 millis")
          return yield* Fiber.join(call)
        })
      )
      expect(error).toMatchObject({ _tag: "EngineTimedOut", operation: "list nodes", timeoutMillis: 2000 })
      yield* engine.awaitAborted
    })
  )

  it.scoped("gives up on an answer that stops in the middle", () =>
    Effect.gen(function* () {
      const engine = yield* FakeEngine.start((_, response) => void response.write("[{"))
      const error = yield* withClient(engine.endpoint, (client) =>
        Effect.gen(function* () {
          yield* client.ping
          const asked = yield* Effect.fork(engine.awaitRequest("/nodes"))
          yield* Effect.yieldNow()
          const call = yield* Effect.fork(Effect.flip(client.nodes))
          yield* Fiber.join(asked)
          yield* TestClock.adjust("2 seconds")
          return yield* Fiber.join(call)
        })
      )
      expect(error).toMatchObject({ _tag: "EngineTimedOut" })
      yield* engine.awaitAborted
    })
  )

  it.scopedLive("an interrupted call is aborted", () =>
    Effect.gen(function* () {
      const engine = yield* FakeEngine.start(() => {})
      yield* withClient(engine.endpoint, (client) =>
        Effect.gen(function* () {
          yield* client.ping
          const asked = yield* Effect.fork(engine.awaitRequest("/nodes"))
          yield* Effect.yieldNow()
          const call = yield* Effect.fork(client.nodes)
          yield* Fiber.join(asked)
          const exit = yield* Fiber.interrupt(call)
          expect(Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause)).toBe(true)
        })
      )
      yield* engine.awaitAborted
    })
  )

  it.scopedLive("a connection that breaks is EngineUnreachable, and the next call works", () =>
    Effect.gen(function* () {
      const engine = yield* FakeEngine.start((_, response) => {
        response.write("[")
        response.destroy()
      })
      yield* withClient(engine.endpoint, (client) =>
        Effect.gen(function* () {
          expect(yield* Effect.flip(client.nodes)).toMatchObject({ _tag: "EngineUnreachable" })
          engine.answer((_, response) => FakeEngine.json(response, 200, "[]"))
          expect(yield* client.nodes).toEqual([])
        })
      )
    })
  )

  it.scopedLive("a socket that is not there is EngineUnreachable and says what to look at", () =>
    withClient(unixSocket("/nonexistent/docker.sock"), (client) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(client.nodes)
        expect(error).toMatchObject({ _tag: "EngineUnreachable", endpoint: "unix:///nonexistent/docker.sock" })
        expect(error.message).toContain("ENOENT")
        expect(error.message).toContain("is dockerd running")
      })
    )
  )

  it.scopedLive("the environment's DOCKER_HOST does not displace the endpoint it was given", () =>
    Effect.gen(function* () {
      const engine = yield* FakeEngine.start((_, response) => FakeEngine.json(response, 200, "[]"))
      const before = process.env.DOCKER_HOST
      process.env.DOCKER_HOST = "tcp://127.0.0.1:1"
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          if (before === undefined) delete process.env.DOCKER_HOST
          else process.env.DOCKER_HOST = before
        })
      )
      expect(yield* withClient(engine.endpoint, (client) => client.nodes)).toEqual([])
    })
  )

  it.effect("TLS files that are missing are named when the layer is built", () =>
    Effect.gen(function* () {
      const tls = { ca: "/nonexistent/ca.pem", cert: "/nonexistent/cert.pem", key: "/nonexistent/key.pem" }
      const built = Layer.build(layer({ endpoint: { kind: "tcp", host: "m", port: 2376, tls } }))
      const error = yield* Effect.scoped(Effect.flip(built))
      expect(error._tag).toBe("EndpointInvalid")
      expect(error.message).toContain("/nonexistent/ca.pem")
    })
  )

  it.effect("layerFromEnv refuses ssh with a cure", () =>
    Effect.gen(function* () {
      const before = process.env.DOCKER_HOST
      process.env.DOCKER_HOST = "ssh://op@m"
      const error = yield* Effect.scoped(Effect.flip(Layer.build(layerFromEnv())))
      if (before === undefined) delete process.env.DOCKER_HOST
      else process.env.DOCKER_HOST = before
      expect(error.message).toContain("ssh is not supported")
    })
  )
})

const notAManager =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.'
const noLeader =
  "rpc error: code = Unknown desc = The swarm does not have a leader. It's possible that too few managers are online."

describe("refusals", () => {
  const refusedWith = (
    status: number,
    message: string,
    use: (client: SwarmClientShape) => Effect.Effect<unknown, unknown>
  ) =>
    Effect.gen(function* () {
      const engine = yield* FakeEngine.start((_, response) => FakeEngine.refuse(response, status, message))
      return yield* Effect.flip(withClient(engine.endpoint, use))
    })
  const update = (client: SwarmClientShape) => client.updateService({ id, version, specText: "{}" })
  const updateNode = (client: SwarmClientShape) => client.updateNode({ id: NodeId.make("n1"), version, specText: "{}" })
  const outOfSequence = "rpc error: code = Unknown desc = update out of sequence"

  it.scopedLive.each([
    { status: 503, message: notAManager, use: (client: SwarmClientShape) => client.tasks(), tag: "NotAManager" },
    { status: 500, message: noLeader, use: (client: SwarmClientShape) => client.services, tag: "SwarmHasNoLeader" },
    { status: 500, message: outOfSequence, use: update, tag: "ServiceVersionConflict" },
    { status: 500, message: outOfSequence, use: updateNode, tag: "NodeVersionConflict" },
    { status: 404, message: "service svc1 not found", use: update, tag: "ServiceNotFound" },
    { status: 404, message: "no", use: (client: SwarmClientShape) => client.service("x"), tag: "ServiceNotFound" },
    { status: 404, message: "no", use: (client: SwarmClientShape) => client.node("x"), tag: "NodeNotFound" },
    { status: 501, message: "mode change", use: update, tag: "EngineRejected" },
    { status: 500, message: "disk full", use: (client: SwarmClientShape) => client.nodes, tag: "EngineRejected" }
  ])("$status $message is $tag", ({ message, status, tag, use }) =>
    Effect.gen(function* () {
      const error = yield* refusedWith(status, message, use)
      expect(error).toMatchObject({ _tag: tag })
      if (tag === "EngineRejected") expect(error).toMatchObject({ status, reason: message })
      if (tag === "ServiceVersionConflict") expect(error).toMatchObject({ service: "svc1", basedOnVersion: 20 })
    })
  )

  it.scopedLive("a proxy's plain text is the reason", () =>
    Effect.gen(function* () {
      const engine = yield* FakeEngine.start((_, response) => void response.writeHead(403).end("<h1>Forbidden</h1>"))
      const error = yield* Effect.flip(withClient(engine.endpoint, (client) => client.nodes))
      expect(error).toMatchObject({ _tag: "EngineRejected", status: 403, reason: "<h1>Forbidden</h1>" })
    })
  )

  it.scopedLive.each([
    { text: "<html>", object: "the answer", field: "" },
    { text: '{"nodes":[]}', object: "the answer", field: "" },
    { text: JSON.stringify([wireTask({ id: "t1", service: "s" }), { ID: "t2" }]), object: "task t2", field: "Version" }
  ])("an answer of $text is EngineAnswerMalformed", ({ field, object, text }) =>
    Effect.gen(function* () {
      const engine = yield* FakeEngine.start((_, response) => FakeEngine.json(response, 200, text))
      const error = yield* Effect.flip(withClient(engine.endpoint, (client) => client.tasks()))
      expect(error).toMatchObject({ _tag: "EngineAnswerMalformed", operation: "list tasks", object, field })
    })
  )

  it.scopedLive("lists tolerate null", () =>
    Effect.gen(function* () {
      const engine = yield* FakeEngine.start((_, response) => FakeEngine.json(response, 200, "null"))
      expect(yield* withClient(engine.endpoint, (client) => client.services)).toEqual([])
    })
  )

  it.scopedLive("services are named in problems", () =>
    Effect.gen(function* () {
      const broken = { ...wireService({ id: "s1", name: "app_web" }), Version: {} }
      const engine = yield* FakeEngine.start((path, response) =>
        FakeEngine.json(response, 200, path === "/networks" ? "[]" : JSON.stringify([broken]))
      )
      const error = yield* Effect.flip(withClient(engine.endpoint, (client) => client.services))
      expect(error).toMatchObject({ object: "service app_web (s1)", field: "Version.Index" })
    })
  )
})
