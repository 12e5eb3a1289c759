/**
 * The Docker Engine as a typed service: reads the Swarm as the domain's values, writes specs back as the engine's own text.
 * Decides nothing about what to write. Calls are not retried: whoever calls knows whether that is wise.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import type * as Stream from "effect/Stream"
import type { NodeId } from "@evenkeel/domain/Ids"
import type { Network } from "@evenkeel/domain/Network"
import type { Node } from "@evenkeel/domain/Node"
import type { Service } from "@evenkeel/domain/Service"
import { Snapshot } from "@evenkeel/domain/Snapshot"
import type { Task } from "@evenkeel/domain/Task"
import * as Configs from "./Configs.ts"
import * as Decoding from "./Decoding.ts"
import * as EngineCalls from "./EngineCalls.ts"
import * as EngineConnection from "./EngineConnection.ts"
import * as EngineEndpoint from "./EngineEndpoint.ts"
import {
  type ConfigNameTaken,
  type ConfigNotFound,
  type ConfigVersionConflict,
  type EndpointInvalid,
  type EngineAnswerMalformed,
  type EngineError,
  type NodeNotFound,
  type NodeVersionConflict,
  NotAManager,
  type ServiceNotFound,
  type ServiceVersionConflict
} from "./EngineErrors.ts"
import * as EngineEvents from "./EngineEvents.ts"
import * as ObjectLists from "./ObjectLists.ts"
import * as ObjectTexts from "./ObjectTexts.ts"
import * as Snapshots from "./Snapshots.ts"
import {
  type EngineInfo,
  type EnginePing,
  type EngineVersion,
  toInfo,
  toVersion,
  WireInfo,
  WireVersion
} from "./WireEngine.ts"

/** All words of one list are alternatives; the lists must all hold. */
export interface TaskFilter {
  /** Ids or names. */
  readonly service?: ReadonlyArray<string>
  readonly node?: ReadonlyArray<string>
  readonly desiredState?: ReadonlyArray<"running" | "shutdown" | "accepted">
}

export interface SwarmClientShape {
  /** As DOCKER_HOST would name it. */
  readonly endpoint: string
  readonly ping: Effect.Effect<EnginePing, EngineError>
  readonly info: Effect.Effect<EngineInfo, EngineError>
  readonly systemDockerVersion: Effect.Effect<EngineVersion, EngineError>
  /** Lists fail with EngineAnswerMalformed if one object is broken; `reading` gives the others. */
  readonly nodes: Effect.Effect<ReadonlyArray<Node>, EngineError>
  readonly services: Effect.Effect<ReadonlyArray<Service>, EngineError>
  readonly tasks: (filter?: TaskFilter) => Effect.Effect<ReadonlyArray<Task>, EngineError>
  readonly networks: Effect.Effect<ReadonlyArray<Network>, EngineError>
  /** By id or name. */
  readonly node: (id: string) => Effect.Effect<Node, EngineError | NodeNotFound>
  readonly nodeSpec: (id: string) => Effect.Effect<ObjectTexts.NodeText, EngineError | NodeNotFound>
  readonly service: (id: string) => Effect.Effect<ObjectTexts.ServiceText, EngineError | ServiceNotFound>
  /** Gives the engine's warnings. After EngineTimedOut and EngineUnreachable the update may have been done. */
  readonly updateService: (
    update: ObjectTexts.ServiceUpdate
  ) => Effect.Effect<ReadonlyArray<string>, EngineError | ServiceNotFound | ServiceVersionConflict>
  readonly updateNode: (
    update: ObjectTexts.NodeUpdate
  ) => Effect.Effect<void, EngineError | NodeNotFound | NodeVersionConflict>
  readonly listConfigs: (filter?: Configs.ConfigFilter) => Effect.Effect<ReadonlyArray<Configs.Config>, EngineError>
  /** Gives the new config's id. After EngineTimedOut and EngineUnreachable it may have been made. */
  readonly createConfig: (config: Configs.NewConfig) => Effect.Effect<string, EngineError | ConfigNameTaken>
  readonly removeConfig: (id: string) => Effect.Effect<void, EngineError | ConfigNotFound>
  readonly updateConfigLabels: (
    update: Configs.ConfigLabels
  ) => Effect.Effect<void, EngineError | ConfigNotFound | ConfigVersionConflict>
  /** Endless; reconnects by itself. */
  readonly events: (options?: EngineEvents.EventsOptions) => Stream.Stream<EngineEvents.EngineNotice>
  /** The whole Swarm now. Unchanged objects are the instances of the reading before. */
  readonly reading: Effect.Effect<Snapshots.SnapshotReading, EngineError>
  /** Endless; a reading that fails is an element too. */
  readonly snapshots: (options?: Snapshots.SnapshotsOptions) => Stream.Stream<Snapshots.SnapshotElement>
  /** Makes all `snapshots` read at their busy pace for the next 5 s. */
  readonly hurry: Effect.Effect<void>
}

export class SwarmClient extends Context.Tag("@evenkeel/swarm-client/SwarmClient")<SwarmClient, SwarmClientShape>() {}

/** How long the own node's id is believed; it changes only when the engine joins another Swarm. */
const nodeIdTtlMillis = 30_000

/** How long the list of networks is believed by readings, unless a service names one that it lacks. */
const networksTtlMillis = 30_000

const make = Effect.fn("SwarmClient.make")(function* (options: EngineCalls.CallsOptions = {}) {
  const calls = yield* EngineCalls.make(options)
  const hurries = yield* Snapshots.makeHurries
  const ownNode = yield* Ref.make<{ readonly id: NodeId; readonly readAtMillis: number } | null>(null)
  const heldNetworks = yield* Ref.make<{
    readonly listing: Decoding.Listing<Network>
    readonly readAtMillis: number
  } | null>(null)
  const lists = ObjectLists.make()

  const get = (operation: string, path: string, query: Readonly<Record<string, string>> = {}) =>
    calls.text({ operation, method: "GET", path, query })

  const object = <A, I>(schema: Parameters<typeof Decoding.decode<A, I>>[0], operation: string, text: string) =>
    Effect.flatMap(Decoding.parseJson(operation, text), (json) =>
      Decoding.decode<A, I>(schema, operation, "the answer", json)
    )

  const info = Effect.gen(function* () {
    const wire = yield* object(WireInfo, "info", yield* get("info", "/info"))
    const { apiVersion } = yield* calls.ping
    return toInfo(wire, apiVersion)
  }).pipe(Effect.withSpan("SwarmClient.info"))

  const systemDockerVersion = get("version", "/version").pipe(
    Effect.flatMap((text) => object(WireVersion, "version", text)),
    Effect.map(toVersion),
    Effect.withSpan("SwarmClient.systemDockerVersion")
  )

  /** The listing, or its first problem. */
  const strict = <A>(listing: Decoding.Listing<A>): Effect.Effect<ReadonlyArray<A>, EngineAnswerMalformed> =>
    listing.problems[0] === undefined ? Effect.succeed(listing.objects) : Effect.fail(listing.problems[0])

  const readNodes = Effect.flatMap(get("list nodes", "/nodes"), lists.nodes)
  const readTasks = Effect.flatMap(get("list tasks", "/tasks"), lists.tasks)
  const readNetworks = Effect.flatMap(get("list networks", "/networks"), lists.networks)
  const networksAnew = Effect.gen(function* () {
    const listing = yield* readNetworks
    yield* Ref.set(heldNetworks, { listing, readAtMillis: yield* Clock.currentTimeMillis })
    return listing
  })
  const networksOfReading = Effect.gen(function* () {
    const held = yield* Ref.get(heldNetworks)
    const isFresh = held !== null && (yield* Clock.currentTimeMillis) - held.readAtMillis < networksTtlMillis
    return isFresh ? held.listing : yield* networksAnew
  })
  // Never with insertDefaults: what that adds restarts tasks when it is written back.
  const servicesText = get("list services", "/services")
  const { nodeSpec, service, updateNode, updateService } = ObjectTexts.make(calls, readNetworks)

  const tasks = Effect.fn("SwarmClient.tasks")(function* (filter: TaskFilter = {}) {
    const filters = {
      ...(filter.service === undefined ? {} : { service: filter.service }),
      ...(filter.node === undefined ? {} : { node: filter.node }),
      ...(filter.desiredState === undefined ? {} : { "desired-state": filter.desiredState })
    }
    // Decoded apart, so that a part of the tasks does not displace what is remembered of all.
    const text = yield* get("list tasks", "/tasks", { filters: JSON.stringify(filters) })
    return yield* Effect.flatMap(ObjectLists.make().tasks(text), strict)
  })

  const services = Effect.gen(function* () {
    const [text, networks] = yield* Effect.all([servicesText, readNetworks], { concurrency: "unbounded" })
    return yield* Effect.flatMap(lists.services(text, networks.objects), strict)
  }).pipe(Effect.withSpan("SwarmClient.services"))

  const ownNodeId = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const known = yield* Ref.get(ownNode)
    if (known !== null && now - known.readAtMillis < nodeIdTtlMillis) return known.id
    const { controlAvailable, nodeId } = yield* info
    if (nodeId === null || !controlAvailable) return yield* new NotAManager({ endpoint: calls.endpoint })
    yield* Ref.set(ownNode, { id: nodeId, readAtMillis: now })
    return nodeId
  })

  const reading = Effect.gen(function* () {
    const readAtMillis = yield* Clock.currentTimeMillis
    const [readBy, nodes, tasks, held, text] = yield* Effect.all(
      [ownNodeId, readNodes, readTasks, networksOfReading, servicesText],
      { concurrency: "unbounded" }
    )
    const known = new Set(held.objects.map(({ id }) => id))
    const withHeld = yield* lists.services(text, held.objects)
    const isKnown = withHeld.objects.every(({ networks }) => networks.every((id) => known.has(id)))
    const networks = isKnown ? held : yield* networksAnew
    const services = isKnown ? withHeld : yield* lists.services(text, networks.objects)
    const endMillis = yield* Clock.currentTimeMillis
    return new Snapshots.SnapshotReading({
      snapshot: new Snapshot({
        nodes: nodes.objects,
        services: services.objects,
        tasks: tasks.objects,
        networks: networks.objects,
        readBy,
        readAtMillis
      }),
      problems: [nodes, services, tasks, networks].flatMap(({ problems }) => problems),
      tookMillis: endMillis - readAtMillis
    })
  }).pipe(
    // Whatever went wrong, the engine may have left its Swarm and joined another.
    Effect.tapError(() => Effect.zipRight(Ref.set(ownNode, null), Ref.set(heldNetworks, null))),
    Effect.withSpan("SwarmClient.reading")
  )

  const events = (options: EngineEvents.EventsOptions = {}) => EngineEvents.make(calls, options)

  return SwarmClient.of({
    endpoint: calls.endpoint,
    ping: calls.ping,
    info,
    systemDockerVersion,
    nodes: Effect.flatMap(readNodes, strict),
    services,
    tasks,
    networks: Effect.flatMap(readNetworks, strict),
    node: (id) => Effect.map(nodeSpec(id), ({ node }) => node),
    nodeSpec,
    service,
    updateService,
    updateNode,
    ...Configs.make(calls),
    events,
    reading,
    snapshots: (options = {}) => Snapshots.make({ reading, events: events(), hurries }, options),
    hurry: hurries.hurry
  })
})

export interface LayerOptions extends EngineCalls.CallsOptions {
  readonly endpoint: EngineEndpoint.EngineEndpoint
}

/** Over any wire: the real one, or an engine in memory. */
export const layerOverConnection = (
  options: EngineCalls.CallsOptions = {}
): Layer.Layer<SwarmClient, never, EngineConnection.EngineConnection> => Layer.effect(SwarmClient, make(options))

/** Time-out of each call: `callTimeoutMs`, defaults to 2000. Connects with the first call, not before. */
export const layer = ({ endpoint, ...options }: LayerOptions): Layer.Layer<SwarmClient, EndpointInvalid> =>
  Layer.provide(layerOverConnection(options), EngineConnection.layer(endpoint))

/** The engine that DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH name. */
export const layerFromEnv = (options: EngineCalls.CallsOptions = {}): Layer.Layer<SwarmClient, EndpointInvalid> =>
  Layer.unwrapEffect(Effect.map(EngineEndpoint.fromEnv, (endpoint) => layer({ endpoint, ...options })))
