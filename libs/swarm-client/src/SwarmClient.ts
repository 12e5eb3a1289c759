/**
 * The Docker Engine as a typed service: reads the Swarm as the domain's values, writes specs back as the engine's own text.
 * Decides nothing about what to write. Calls are not retried: whoever calls knows whether that is wise.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import type { ServiceId } from "@evenkeel/domain/Ids"
import type { Network } from "@evenkeel/domain/Network"
import type { Node } from "@evenkeel/domain/Node"
import type { Service } from "@evenkeel/domain/Service"
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
import * as SwarmReader from "./SwarmReader.ts"
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
  /**
   * The whole Swarm. Unchanged objects are the instances of the reading before. Of a large Swarm nodes and services are as they
   * are now, and tasks as they were read last (`SwarmReader`).
   */
  readonly reading: Effect.Effect<Snapshots.SnapshotReading, EngineError>
  /** The same, with this service's tasks as they are now: for whoever is about to write it. */
  readonly readingFor: (service: ServiceId) => Effect.Effect<Snapshots.SnapshotReading, EngineError>
  /** Endless; a reading that fails is an element too. */
  readonly snapshots: (options?: Snapshots.SnapshotsOptions) => Stream.Stream<Snapshots.SnapshotElement>
  /** Makes all `snapshots` read at their busy pace for the next 5 s. */
  readonly hurry: Effect.Effect<void>
}

export class SwarmClient extends Context.Tag("@evenkeel/swarm-client/SwarmClient")<SwarmClient, SwarmClientShape>() {}

export interface ClientOptions extends EngineCalls.CallsOptions, SwarmReader.ReaderOptions {}

const make = Effect.fn("SwarmClient.make")(function* (options: ClientOptions = {}) {
  const calls = yield* EngineCalls.make(options)
  const hurries = yield* Snapshots.makeHurries
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

  const ownNodeId = Effect.flatMap(info, ({ controlAvailable, nodeId }) =>
    nodeId === null || !controlAvailable
      ? Effect.fail(new NotAManager({ endpoint: calls.endpoint }))
      : Effect.succeed(nodeId)
  )
  const reader = yield* SwarmReader.make(calls, ownNodeId, options)
  const { between, reading } = reader
  const { nodeSpec, service, updateNode, updateService } = ObjectTexts.make(calls, reader.networks)

  const events = (options: EngineEvents.EventsOptions = {}) => EngineEvents.make(calls, options)

  return SwarmClient.of({
    endpoint: calls.endpoint,
    ping: calls.ping,
    info,
    systemDockerVersion,
    nodes: Effect.flatMap(reader.nodes, strict),
    services: Effect.flatMap(reader.services, strict),
    tasks,
    networks: Effect.flatMap(reader.networks, strict),
    node: (id) => Effect.map(nodeSpec(id), ({ node }) => node),
    nodeSpec,
    service,
    updateService,
    updateNode,
    ...Configs.make(calls),
    events,
    reading,
    readingFor: (service) => reader.readingWith([service]),
    snapshots: (options = {}) => Snapshots.make({ reading, between, events: events(), hurries }, options),
    hurry: hurries.hurry
  })
})

export interface LayerOptions extends ClientOptions {
  readonly endpoint: EngineEndpoint.EngineEndpoint
}

/** Over any wire: the real one, or an engine in memory. */
export const layerOverConnection = (
  options: ClientOptions = {}
): Layer.Layer<SwarmClient, never, EngineConnection.EngineConnection> => Layer.effect(SwarmClient, make(options))

/** Time-out of each call: `callTimeoutMs`, defaults to 2000. Connects with the first call, not before. */
export const layer = ({ endpoint, ...options }: LayerOptions): Layer.Layer<SwarmClient, EndpointInvalid> =>
  Layer.provide(layerOverConnection(options), EngineConnection.layer(endpoint))

/** The engine that DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH name. */
export const layerFromEnv = (options: ClientOptions = {}): Layer.Layer<SwarmClient, EndpointInvalid> =>
  Layer.unwrapEffect(Effect.map(EngineEndpoint.fromEnv, (endpoint) => layer({ endpoint, ...options })))
