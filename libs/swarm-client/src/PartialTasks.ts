/**
 * The tasks of a large Swarm, read service by service: what is known of all, and the calls that bring those of some up to date.
 * Portions are small, so that none keeps the engine or this process for long.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { ServiceId } from "@evenkeel/domain/Ids"
import type { Snapshot, SnapshotContents } from "@evenkeel/domain/Snapshot"
import type { Task } from "@evenkeel/domain/Task"
import * as Decoding from "./Decoding.ts"
import type { EngineCalls } from "./EngineCalls.ts"
import { type EngineAnswerMalformed, type EngineError } from "./EngineErrors.ts"
import { taskReader } from "./ObjectLists.ts"
import * as Pace from "./Pace.ts"
import { TaskScope } from "./TaskScope.ts"

/** In one call. The address names each service in some thirty octets. */
const portion = { tasks: 400, services: 60 }

/** In one reading of everything: nodes and services are, of the tasks these. */
const limits = { hotTasks: 8_000, restingTasks: 1_600 }

/** In a reading between two of these. */
const limitsBetween = { hotTasks: 1_200, restingTasks: 0 }

export interface PartialReading {
  /** All tasks of the services that were read since the last snapshot, and none of those that are gone. */
  readonly tasksOf: ReadonlyMap<ServiceId, ReadonlyArray<Task>>
  readonly problems: ReadonlyArray<EngineAnswerMalformed>
}

type Contents = Pick<SnapshotContents, "nodes" | "services">

/** Lets others have their turn: a pause between two portions, not a wait. */
const breathe = Effect.async<void>((resume) => {
  const turn = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(turn))
})

export const make = (calls: EngineCalls) => {
  let scope = new TaskScope()
  let known = new Map<ServiceId, Decoding.KnownObjects<Task>>()
  let noted = new Set<string>()
  /** Read since the last snapshot: what an attempt that failed has read is part of the next one. */
  let unshown = new Map<ServiceId, ReadonlyArray<Task>>()

  const tasksKnown = (service: ServiceId): ReadonlyArray<Task> =>
    [...(known.get(service)?.values() ?? [])].map(({ value }) => value)

  const listed = (services: ReadonlyArray<ServiceId>): Effect.Effect<string, EngineError> =>
    calls.text({
      operation: "list tasks",
      method: "GET",
      path: "/tasks",
      query: { filters: JSON.stringify({ service: services }) }
    })

  const decoded = (services: ReadonlyArray<ServiceId>, text: string) => {
    const before = new Map(services.flatMap((service) => [...(known.get(service) ?? [])]))
    return Effect.map(Decoding.readList(taskReader, text, before), ({ known: found, listing }) => {
      const byService = new Map(services.map((service) => [service, new Map<string, Decoding.Known<Task>>()]))
      for (const [id, task] of found) byService.get(task.value.service)?.set(id, task)
      for (const [service, tasks] of byService) known.set(service, tasks)
      return listing.problems
    })
  }

  /** A service that has just been removed makes the engine refuse the whole call: then it is asked for each half. */
  const readPortion = (services: ReadonlyArray<ServiceId>): Effect.Effect<PartialReading["problems"], EngineError> =>
    Effect.flatMap(listed(services), (text) => decoded(services, text)).pipe(
      Effect.catchTag("EngineRejected", (error) => {
        if (error.status !== 404) return Effect.fail(error)
        const [only, second] = services
        if (only === undefined) return Effect.succeed([])
        if (second === undefined) return Effect.sync(() => (known.set(only, new Map()), []))
        const half = services.length >> 1
        return Effect.zipWith(readPortion(services.slice(0, half)), readPortion(services.slice(half)), (a, b) => [
          ...a,
          ...b
        ])
      })
    )

  /** At most two calls at a time: one is answered while the other is read. */
  const readAll = (ids: ReadonlyArray<ServiceId>, contents: Contents) =>
    Effect.gen(function* () {
      const nodes = new Map(contents.nodes.map((node) => [node.id, node]))
      const updating = new Set(contents.services.filter(Pace.isUpdating).map(({ id }) => id))
      const isMoving = (service: ServiceId, tasks: ReadonlyArray<Task>) =>
        updating.has(service) || tasks.some((task) => Pace.isTaskMoving(task, (id) => nodes.get(id)))
      const read = (services: ReadonlyArray<ServiceId>) =>
        Effect.gen(function* () {
          const askedAtMillis = yield* Clock.currentTimeMillis
          const problems = yield* readPortion(services)
          for (const service of services) {
            const tasks = tasksKnown(service)
            unshown.set(service, tasks)
            scope.took(service, tasks.length, isMoving(service, tasks), askedAtMillis)
          }
          yield* breathe
          return problems
        })
      const problems = yield* Effect.forEach(scope.portions(ids, portion), read, { concurrency: 2 })
      forgetGone(contents)
      return { tasksOf: unshown, problems: problems.flat() } satisfies PartialReading
    })

  /** Services that are gone have no tasks that count: those that still stop are wanted by nobody. */
  const forgetGone = (contents: Contents): void => {
    const there = new Set(contents.services.map(({ id }) => id))
    for (const id of known.keys()) {
      if (there.has(id)) continue
      known.delete(id)
      unshown.set(id, [])
    }
  }

  /**
   * `counts`: of the tasks of each service, where they were asked for. `also`: services whose tasks are read whatever is known
   * of them. Without a snapshot before it reads all tasks there are.
   */
  const read = (
    contents: Contents,
    counts: ReadonlyMap<string, string> | null,
    before: Snapshot | null,
    also: ReadonlyArray<ServiceId>
  ) =>
    Effect.gen(function* () {
      const nowMillis = yield* Clock.currentTimeMillis
      const tasksOn = (node: (typeof contents.nodes)[number]["id"]) => before?.tasksOnNode(node) ?? []
      scope.observe(contents.services, counts, contents.nodes, tasksOn, nowMillis)
      const ids = before === null ? scope.neverRead() : scope.due(nowMillis, limits)
      return yield* readAll([...new Set([...also, ...ids])], contents)
    })

  /** Only tasks of services about which something has changed. */
  const readChanged = (contents: Contents) =>
    Effect.gen(function* () {
      const ids = scope.hot(yield* Clock.currentTimeMillis, limitsBetween)
      return yield* readAll(ids, contents)
    })

  return {
    read,
    readChanged,
    /** A snapshot has been made of what was read. */
    shown: (): void => {
      unshown = new Map()
    },
    /** An event told of the service. */
    note: (id: string, nowMillis: number): void => {
      noted.add(id)
      scope.note(id as ServiceId, nowMillis)
    },
    /** The services that events told of since it was last asked. */
    takeNoted: (): ReadonlySet<string> => {
      const taken = noted
      noted = new Set()
      return taken
    },
    isHot: (nowMillis: number): boolean => noted.size > 0 || scope.isHot(nowMillis),
    forget: (): void => {
      scope = new TaskScope()
      known = new Map()
      noted = new Set()
      unshown = new Map()
    }
  }
}
