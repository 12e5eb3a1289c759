/**
 * SwarmClient over an engine in memory, for tests of whatever uses it. The client is the real one, decoding and patching
 * included; only the wire is replaced. The engine holds objects as JSON text, checks versions as SwarmKit does and otherwise
 * does what the test says: it schedules nothing, so tasks change only when the test changes them.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import { type AnswerHead, type EngineAnswer, EngineConnection, type EngineRequest } from "./EngineConnection.ts"
import { EngineUnreachable } from "./EngineErrors.ts"
import * as SpecText from "./SpecText.ts"
import { type ClientOptions, type SwarmClient, layerOverConnection } from "./SwarmClient.ts"
import * as TestConfigs from "./TestConfigs.ts"
import type { WireObject } from "./TestWire.ts"

export type ObjectKind = "nodes" | "services" | "tasks" | "networks" | "configs"

/** Objects as the Engine API writes them; as text where bytes matter. */
export type TestObject = WireObject | string

export interface TestSwarm {
  readonly nodes?: ReadonlyArray<TestObject>
  readonly services?: ReadonlyArray<TestObject>
  readonly tasks?: ReadonlyArray<TestObject>
  readonly networks?: ReadonlyArray<TestObject>
  readonly configs?: ReadonlyArray<TestObject>
  /** The node whose engine is asked. Defaults to the first. */
  readonly nodeId?: string
}

/** How a call goes wrong: no connection, no answer at all, or a status with the engine's words. */
export type TestFailure =
  | { readonly kind: "unreachable" }
  | { readonly kind: "hang" }
  | { readonly kind: "status"; readonly status: number; readonly message: string }

export interface FailureScope {
  /** How many calls fail. Defaults to 1. */
  readonly times?: number
  /** Only calls whose path, without the API version, begins so: `/tasks`. Defaults to all. */
  readonly path?: string
  /** The call is carried out all the same, and only its answer is lost. Defaults to false. */
  readonly afterEffect?: boolean
}

export class SwarmClientTestControl extends Context.Tag("@evenkeel/swarm-client/SwarmClientTestControl")<
  SwarmClientTestControl,
  {
    /** Adds or replaces an object; it gets the next version, as every write of the store does. */
    readonly put: (kind: ObjectKind, object: TestObject) => Effect.Effect<void>
    /**
     * Changes parts of an object's text, `["Status", "State"]` and so on, and gives it the next version. With `keepVersion` it
     * keeps its own, as when a manager fills in what it sees of the others.
     */
    readonly patch: (
      kind: ObjectKind,
      id: string,
      patch: SpecText.Patch,
      options?: { readonly keepVersion?: boolean }
    ) => Effect.Effect<void>
    readonly remove: (kind: ObjectKind, id: string) => Effect.Effect<void>
    /** The object's text; undefined when there is none. */
    readonly textOf: (kind: ObjectKind, id: string) => Effect.Effect<string | undefined>
    readonly fail: (failure: TestFailure, scope?: FailureScope) => Effect.Effect<void>
    /** Sends one event to all who listen. */
    readonly emit: (event: WireObject) => Effect.Effect<void>
    /** All calls so far, pings included, in their order. */
    readonly requests: Effect.Effect<ReadonlyArray<EngineRequest>>
  }
>() {}

const apiVersion = "1.43"
const endpoint = "memory"
const head = (status: number): AnswerHead => ({ status, apiVersion, server: "Docker/24.0.7 (linux)" })
const answer = (status: number, text: string): EngineAnswer => ({ ...head(status), text })
const refusal = (status: number, message: string) => answer(status, JSON.stringify({ message }))
const textOf = (object: TestObject) => (typeof object === "string" ? object : JSON.stringify(object))

const patched = (text: string, patch: SpecText.Patch): string =>
  Either.getOrThrow(Either.map(SpecText.apply(text, patch), (done) => done.text))

const stringAt = (text: string, path: SpecText.Path): string | undefined => {
  const found = SpecText.get(text, path)
  return found?.startsWith('"') === true ? (JSON.parse(found) as string) : undefined
}

const idOf = (text: string): string => stringAt(text, ["ID"]) ?? stringAt(text, ["Id"]) ?? ""
const indexOf = (text: string): number => Number(SpecText.get(text, ["Version", "Index"]) ?? 0)

/** The store: texts by id, and one counter of versions for all of them. */
const makeStore = (initial: TestSwarm) => {
  const kinds: ReadonlyArray<ObjectKind> = ["nodes", "services", "tasks", "networks", "configs"]
  const objects = new Map(
    kinds.map((kind) => [kind, new Map((initial[kind] ?? []).map(textOf).map((text) => [idOf(text), text]))])
  )
  const of = (kind: ObjectKind): Map<string, string> => objects.get(kind) ?? new Map<string, string>()
  let index = Math.max(0, ...kinds.flatMap((kind) => [...of(kind).values()].map(indexOf)))
  return {
    of,
    nextIndex: () => index + 1,
    find: (kind: ObjectKind, idOrName: string): string | undefined =>
      of(kind).get(idOrName) ?? [...of(kind).values()].find((text) => stringAt(text, ["Spec", "Name"]) === idOrName),
    write: (kind: ObjectKind, text: string): void => {
      index += 1
      const versioned =
        kind === "networks" ? text : patched(text, [{ path: ["Version", "Index"], value: String(index) }])
      of(kind).set(idOf(versioned), versioned)
    }
  }
}

type Store = ReturnType<typeof makeStore>

const update = (store: Store, kind: "nodes" | "services", id: string, request: EngineRequest): EngineAnswer => {
  const text = store.find(kind, id)
  if (text === undefined) return refusal(404, `${kind.slice(0, -1)} ${id} not found`)
  if (Number(request.query?.version) !== indexOf(text))
    return refusal(500, "rpc error: code = Unknown desc = update out of sequence")
  const spec = SpecText.get(text, ["Spec"]) ?? "{}"
  const previous = SpecText.get(text, ["PreviousSpec"])
  const isRollback = request.query?.rollback === "previous"
  if (isRollback && previous === undefined)
    return refusal(400, `rpc error: code = FailedPrecondition desc = service ${id} does not have a previous spec`)
  const body = request.body ?? ""
  if (SpecText.get(body, []) === undefined) return refusal(400, "invalid JSON")
  const status = { State: "rollback_started", Message: "manually requested rollback" }
  store.write(
    kind,
    patched(text, [
      { path: ["Spec"], value: isRollback ? (previous ?? spec) : body },
      ...(kind === "services"
        ? [
            { path: ["PreviousSpec"], value: spec },
            { path: ["UpdateStatus"], value: isRollback ? JSON.stringify(status) : null }
          ]
        : [])
    ])
  )
  return answer(200, kind === "services" ? '{"Warnings":null}' : "")
}

const wantedTasks = (store: Store, filters: Record<string, ReadonlyArray<string>>): ReadonlyArray<string> => {
  const holds = (key: string, values: ReadonlyArray<string | undefined>) =>
    filters[key] === undefined || filters[key].some((wanted) => values.includes(wanted))
  return [...store.of("tasks").values()].filter((text) => {
    const service = stringAt(text, ["ServiceID"])
    const serviceText = service === undefined ? undefined : store.of("services").get(service)
    const name = serviceText === undefined ? undefined : stringAt(serviceText, ["Spec", "Name"])
    return (
      holds("service", [service, name]) &&
      holds("node", [stringAt(text, ["NodeID"])]) &&
      holds("desired-state", [stringAt(text, ["DesiredState"])])
    )
  })
}

/** Tasks of a service or node that is not there are refused, not "none" (moby `daemon/cluster/tasks.go:GetTasks`). */
const missingIn = (store: Store, filters: Record<string, ReadonlyArray<string>>): EngineAnswer | undefined => {
  for (const kind of ["service", "node"] as const)
    for (const wanted of filters[kind] ?? [])
      if (store.find(`${kind}s`, wanted) === undefined) return refusal(404, `${kind} ${wanted} not found`)
  return undefined
}

const withCounts = (store: Store, text: string): string => {
  const tasks = [...store.of("tasks").values()].filter((task) => stringAt(task, ["ServiceID"]) === idOf(text))
  const counts = {
    RunningTasks: tasks.filter((task) => stringAt(task, ["Status", "State"]) === "running").length,
    DesiredTasks: Number(SpecText.get(text, ["Spec", "Mode", "Replicated", "Replicas"]) ?? 0),
    CompletedTasks: 0
  }
  return patched(text, [{ path: ["ServiceStatus"], value: JSON.stringify(counts) }])
}

const route = (store: Store, nodeId: string, request: EngineRequest, path: string): EngineAnswer => {
  const [, collection, id, verb] = path.split("/").map(decodeURIComponent)
  const info = {
    Name: nodeId,
    ServerVersion: "24.0.7",
    Swarm: { NodeID: nodeId, LocalNodeState: "active", ControlAvailable: true }
  }
  if (path === "/_ping") return answer(200, "OK")
  if (path === "/info") return answer(200, JSON.stringify(info))
  if (path === "/version") return answer(200, JSON.stringify({ Version: "24.0.7", ApiVersion: apiVersion }))
  if (collection === "configs") return configs(store, [id, verb], request)
  if (collection !== "nodes" && collection !== "services" && collection !== "tasks" && collection !== "networks")
    return refusal(404, "page not found")
  if (id === undefined) {
    const filters = JSON.parse(request.query?.filters ?? "{}") as Record<string, ReadonlyArray<string>>
    const missing = collection === "tasks" ? missingIn(store, filters) : undefined
    if (missing !== undefined) return missing
    const texts =
      collection === "tasks"
        ? wantedTasks(store, filters)
        : [...store.of(collection).values()]
            .filter((text) => filters["id"]?.includes(idOf(text)) ?? true)
            .map((text) => (request.query?.["status"] === "true" ? withCounts(store, text) : text))
    return answer(200, `[${texts.join(",")}]\n`)
  }
  if (verb === "update" && (collection === "nodes" || collection === "services"))
    return update(store, collection, id, request)
  const text = store.find(collection, id)
  return text === undefined ? refusal(404, `${collection.slice(0, -1)} ${id} not found`) : answer(200, `${text}\n`)
}

const configs = (store: Store, path: ReadonlyArray<string | undefined>, request: EngineRequest): EngineAnswer => {
  const held = store.of("configs")
  const given = TestConfigs.answer(
    {
      all: () => [...held.values()],
      find: (id) => held.get(id),
      write: (text) => store.write("configs", text),
      remove: (id) => void held.delete(id),
      nextIndex: store.nextIndex
    },
    path.filter((segment) => segment !== undefined),
    request
  )
  return "message" in given ? refusal(given.status, given.message) : answer(given.status, given.text)
}

const makeEngine = (initial: TestSwarm) =>
  Effect.gen(function* () {
    const store = makeStore(initial)
    const nodeId = initial.nodeId ?? [...store.of("nodes").keys()][0] ?? "node1"
    const events = yield* PubSub.unbounded<string>()
    const requests: Array<EngineRequest> = []
    const failures: Array<{ failure: TestFailure; left: number; path: string; afterEffect: boolean }> = []

    const unreachable = new EngineUnreachable({ endpoint, cause: new Error("the test said so") })

    const takeFailure = (path: string) => {
      const found = failures.find((it) => it.left > 0 && path.startsWith(it.path))
      if (found !== undefined) found.left -= 1
      return found
    }

    const failed = (failure: TestFailure): Effect.Effect<EngineAnswer, EngineUnreachable> => {
      if (failure.kind === "unreachable") return unreachable
      return failure.kind === "hang" ? Effect.never : Effect.succeed(refusal(failure.status, failure.message))
    }

    const send = (request: EngineRequest) =>
      Effect.suspend((): Effect.Effect<EngineAnswer, EngineUnreachable> => {
        requests.push(request)
        const path = request.path.replace(/^\/v[\d.]+/, "")
        const planned = takeFailure(path)
        if (planned !== undefined && !planned.afterEffect) return failed(planned.failure)
        const done = route(store, nodeId, request, path)
        return planned === undefined ? Effect.succeed(done) : failed(planned.failure)
      })

    const open = (request: EngineRequest) =>
      Effect.gen(function* () {
        requests.push(request)
        const planned = takeFailure("/events")
        if (planned !== undefined) {
          const { status, text } = yield* failed(planned.failure)
          return { ...head(status), chunks: Stream.make(new TextEncoder().encode(text)) }
        }
        const lines = yield* Stream.fromPubSub(events, { scoped: true })
        return { ...head(200), chunks: Stream.encodeText(lines) }
      })

    const change = (todo: () => void) => Effect.sync(todo)
    const control = SwarmClientTestControl.of({
      put: (kind, object) => change(() => store.write(kind, textOf(object))),
      patch: (kind, id, patch, { keepVersion = false } = {}) =>
        change(() => {
          const text = store.find(kind, id)
          if (text === undefined) throw new Error(`the test's engine has no ${id} among its ${kind}`)
          if (keepVersion) store.of(kind).set(idOf(text), patched(text, patch))
          else store.write(kind, patched(text, patch))
        }),
      remove: (kind, id) => change(() => void store.of(kind).delete(id)),
      textOf: (kind, id) => Effect.sync(() => store.find(kind, id)),
      fail: (failure, { afterEffect = false, path = "", times = 1 } = {}) =>
        change(() => void failures.push({ failure, left: times, path, afterEffect })),
      emit: (event) => Effect.asVoid(PubSub.publish(events, `${JSON.stringify(event)}\n`)),
      requests: Effect.sync(() => [...requests])
    })
    return Context.make(EngineConnection, EngineConnection.of({ endpoint, send, open })).pipe(
      Context.add(SwarmClientTestControl, control)
    )
  })

/** The client, and the control of the engine behind it. */
export const layerTest = (
  initial: TestSwarm = {},
  options: ClientOptions = {}
): Layer.Layer<SwarmClient | SwarmClientTestControl> => {
  const engine = Layer.effectContext(makeEngine(initial))
  return Layer.merge(
    Layer.provide(layerOverConnection(options), engine),
    Layer.map(engine, (context) => Context.pick(SwarmClientTestControl)(context))
  )
}
