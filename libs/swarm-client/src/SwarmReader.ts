/**
 * Reads the Swarm as one snapshot. A small one is read as a whole each time. Of a large one nodes and services are, and those
 * tasks that `TaskScope` names: what all tasks are would be too much to ask that often, of the engine too. Between two such
 * readings there are some of nothing but what has just changed.
 *
 * It decides what is read, not when.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { NodeId, ServiceId } from "@evenkeel/domain/Ids"
import type { Network } from "@evenkeel/domain/Network"
import type { Service } from "@evenkeel/domain/Service"
import { Snapshot } from "@evenkeel/domain/Snapshot"
import type { Listing } from "./Decoding.ts"
import type { EngineCalls } from "./EngineCalls.ts"
import type { EngineAnswerMalformed, EngineError } from "./EngineErrors.ts"
import * as ListText from "./ListText.ts"
import * as ObjectLists from "./ObjectLists.ts"
import * as PartialTasks from "./PartialTasks.ts"
import { type Between, SnapshotReading } from "./Snapshots.ts"
import { tasksAsked } from "./TaskScope.ts"

export interface ReaderOptions {
  /** A Swarm whose services ask for more tasks than this is not read as a whole each time. Defaults to 10,000. */
  readonly wholeUpToTasks?: number | undefined
}

/** How long the own node's id is believed; it changes only when the engine joins another Swarm. */
const nodeIdTtlMillis = 30_000

/** How long the list of networks is believed by readings, unless a service names one that it lacks. */
const networksTtlMillis = 30_000

/** How often the engine is asked to count tasks, at most: of a large Swarm that takes it half a second. */
const countsIntervalMillis = 5_000

const defaultWholeUpToTasks = 10_000

/** Once read in parts, it is until it is smaller than this share of the limit: else it would change with each task. */
const wholeAgainShare = 0.8

const allTasksAsked = (services: ReadonlyArray<Service>, nodes: number): number =>
  services.reduce((sum, service) => sum + tasksAsked(service, nodes), 0)

interface ReadServices {
  readonly listing: Listing<Service>
  readonly networks: Listing<Network>
}

export const make = Effect.fn("SwarmReader.make")(function* (
  calls: EngineCalls,
  askNodeId: Effect.Effect<NodeId, EngineError>,
  options: ReaderOptions = {}
) {
  const lists = ObjectLists.make()
  const parts = PartialTasks.make(calls)
  const ownNode = yield* Ref.make<{ readonly id: NodeId; readonly readAtMillis: number } | null>(null)
  const heldNetworks = yield* Ref.make<{
    readonly listing: Listing<Network>
    readonly readAtMillis: number
  } | null>(null)
  const wholeUpTo = options.wholeUpToTasks ?? defaultWholeUpToTasks
  /** Null: nothing is known of its size. */
  const isLarge = yield* Ref.make<boolean | null>(null)
  /** The last reading of a large Swarm, which those between change. */
  const last = yield* Ref.make<SnapshotReading | null>(null)
  const countedAtMillis = yield* Ref.make(Number.NEGATIVE_INFINITY)
  // Readings share what they remember.
  const alone = yield* Effect.makeSemaphore(1)

  const get = (operation: string, path: string, query: Readonly<Record<string, string>> = {}) =>
    calls.text({ operation, method: "GET", path, query })

  const nodes = Effect.flatMap(get("list nodes", "/nodes"), lists.nodes)
  const tasks = Effect.flatMap(get("list tasks", "/tasks"), lists.tasks)
  const networks = Effect.flatMap(get("list networks", "/networks"), lists.networks)
  // Never with insertDefaults: what that adds restarts tasks when it is written back.
  const servicesText = (query: Readonly<Record<string, string>> = {}) => get("list services", "/services", query)

  const services = Effect.gen(function* () {
    const [text, known] = yield* Effect.all([servicesText(), networks], { concurrency: "unbounded" })
    return yield* lists.services(text, known.objects)
  }).pipe(Effect.withSpan("SwarmReader.services"))

  const networksAnew = Effect.gen(function* () {
    const listing = yield* networks
    yield* Ref.set(heldNetworks, { listing, readAtMillis: yield* Clock.currentTimeMillis })
    return listing
  })

  const knownNetworks = Effect.gen(function* () {
    const held = yield* Ref.get(heldNetworks)
    const isFresh = held !== null && (yield* Clock.currentTimeMillis) - held.readAtMillis < networksTtlMillis
    return isFresh ? held.listing : yield* networksAnew
  })

  const ownNodeId = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const known = yield* Ref.get(ownNode)
    if (known !== null && now - known.readAtMillis < nodeIdTtlMillis) return known.id
    const id = yield* askNodeId
    yield* Ref.set(ownNode, { id, readAtMillis: now })
    return id
  })

  /** With the networks that the services are on: read again where one of them is new. */
  const withNetworks = (
    held: Listing<Network>,
    decode: (networks: ReadonlyArray<Network>) => Effect.Effect<Listing<Service>, EngineAnswerMalformed>
  ): Effect.Effect<ReadServices, EngineError> =>
    Effect.gen(function* () {
      const known = new Set(held.objects.map(({ id }) => id))
      const listing = yield* decode(held.objects)
      const isKnown = listing.objects.every((service) => service.networks.every((id) => known.has(id)))
      if (isKnown) return { listing, networks: held }
      const anew = yield* networksAnew
      return { listing: yield* decode(anew.objects), networks: anew }
    })

  const whole = Effect.gen(function* () {
    const readAtMillis = yield* Clock.currentTimeMillis
    const [readBy, readNodes, readTasks, held, text] = yield* Effect.all(
      [ownNodeId, nodes, tasks, knownNetworks, servicesText()],
      { concurrency: "unbounded" }
    )
    const read = yield* withNetworks(held, (known) => lists.services(text, known))
    return new SnapshotReading({
      snapshot: new Snapshot({
        nodes: readNodes.objects,
        services: read.listing.objects,
        tasks: readTasks.objects,
        networks: read.networks.objects,
        readBy,
        readAtMillis
      }),
      problems: [readNodes, read.listing, readTasks, read.networks].flatMap(({ problems }) => problems),
      tookMillis: (yield* Clock.currentTimeMillis) - readAtMillis
    })
  })

  const stands = (reading: SnapshotReading) =>
    Effect.zipRight(
      Ref.set(last, reading),
      Effect.sync(() => parts.shown())
    )

  const inParts = Effect.fnUntraced(function* (also: ReadonlyArray<ServiceId>) {
    const readAtMillis = yield* Clock.currentTimeMillis
    const isCounted = readAtMillis - (yield* Ref.get(countedAtMillis)) >= countsIntervalMillis
    const [readBy, readNodes, held, text] = yield* Effect.all(
      [ownNodeId, nodes, knownNetworks, servicesText(isCounted ? { status: "true" } : {})],
      { concurrency: "unbounded" }
    )
    const read = yield* withNetworks(held, (known) => lists.services(text, known))
    const before = yield* Ref.get(last)
    const contents = { nodes: readNodes.objects, services: read.listing.objects, networks: read.networks.objects }
    const counts = isCounted ? ListText.taskCounts(text) : null
    const found = yield* parts.read(contents, counts, before?.snapshot ?? null, also)
    if (isCounted) yield* Ref.set(countedAtMillis, readAtMillis)
    const reading = new SnapshotReading({
      snapshot: (before?.snapshot ?? new Snapshot({ ...contents, tasks: [], readBy, readAtMillis })).after({
        ...contents,
        readBy,
        readAtMillis,
        tasksOf: found.tasksOf
      }),
      problems: [...[readNodes, read.listing, read.networks].flatMap(({ problems }) => problems), ...found.problems],
      tookMillis: (yield* Clock.currentTimeMillis) - readAtMillis
    })
    yield* stands(reading)
    return reading
  })

  /** As it was the last time; a size that is not known is asked for first. */
  const choose = Effect.gen(function* () {
    const known = yield* Ref.get(isLarge)
    if (known !== null) return known
    const [readNodes, held, text] = yield* Effect.all([nodes, knownNetworks, servicesText()], {
      concurrency: "unbounded"
    })
    const listing = yield* lists.services(text, held.objects)
    return allTasksAsked(listing.objects, readNodes.objects.length) > wholeUpTo
  })

  const noteSize = ({ snapshot }: SnapshotReading, wasLarge: boolean) =>
    Effect.gen(function* () {
      const tasks = Math.max(snapshot.tasks.length, allTasksAsked(snapshot.services, snapshot.nodes.length))
      const large = tasks > (wasLarge ? wholeUpTo * wholeAgainShare : wholeUpTo)
      yield* Ref.set(isLarge, large)
      if (large === wasLarge) return
      yield* Ref.set(last, null)
      parts.forget()
    })

  const measured = <E>(reading: Effect.Effect<SnapshotReading, E>) =>
    Effect.gen(function* () {
      const before = process.cpuUsage()
      const read = yield* reading
      const { system, user } = process.cpuUsage(before)
      return new SnapshotReading({ ...read, ownCpuMillis: (user + system) / 1_000 })
    })

  /** `also`: services whose tasks are as they are now in any case. */
  const readingWith = (also: ReadonlyArray<ServiceId>) =>
    Effect.gen(function* () {
      const large = yield* choose
      const read = yield* large ? inParts(also) : whole
      yield* noteSize(read, large)
      return read
    }).pipe(
      measured,
      // Whatever went wrong, the engine may have left its Swarm and joined another.
      Effect.tapError(() => Effect.zipRight(Ref.set(ownNode, null), Ref.set(heldNetworks, null))),
      alone.withPermits(1),
      Effect.withSpan("SwarmReader.reading")
    )

  /** The services that events told of, in their place among the others. */
  const changedServices = (before: Snapshot, ids: ReadonlySet<string>, held: Listing<Network>) =>
    Effect.gen(function* () {
      if (ids.size === 0) return { listing: { objects: before.services, problems: [] }, networks: held }
      const text = yield* servicesText({ filters: JSON.stringify({ id: [...ids] }) })
      const read = yield* withNetworks(held, (known) => ObjectLists.make().services(text, known))
      const objects = [
        ...before.services.filter(({ id }) => !ids.has(id)),
        // The engine takes the ids as prefixes, and what has the version that is known is known.
        ...read.listing.objects
          .filter(({ id }) => ids.has(id))
          .map((found) => {
            const known = before.service(found.id)
            return known?.version === found.version ? known : found
          })
      ]
      return { ...read, listing: { objects, problems: read.listing.problems } }
    })

  const changes = Effect.gen(function* () {
    const before = yield* Ref.get(last)
    if (before === null) return yield* inParts([])
    const readAtMillis = yield* Clock.currentTimeMillis
    const { nodes, readBy } = before.snapshot
    const held = yield* knownNetworks
    const read = yield* changedServices(before.snapshot, parts.takeNoted(), held)
    const contents = { nodes, services: read.listing.objects, networks: read.networks.objects }
    const found = yield* parts.readChanged(contents)
    const reading = new SnapshotReading({
      snapshot: before.snapshot.after({ ...contents, readBy, readAtMillis, tasksOf: found.tasksOf }),
      problems: [...read.listing.problems, ...found.problems],
      tookMillis: (yield* Clock.currentTimeMillis) - readAtMillis
    })
    yield* stands(reading)
    return reading
  }).pipe(measured, alone.withPermits(1), Effect.withSpan("SwarmReader.changes"))

  const between: Between = {
    note: (notice) =>
      Effect.flatMap(Clock.currentTimeMillis, (nowMillis) =>
        Effect.sync(() => {
          if (notice._tag === "EngineEvent" && notice.type === "service") parts.note(notice.id, nowMillis)
        })
      ),
    isWanted: Effect.zipWith(Ref.get(last), Clock.currentTimeMillis, (read, now) => read !== null && parts.isHot(now)),
    reading: changes
  }

  return { nodes, tasks, networks, services, reading: readingWith([]), readingWith, between }
})
