/**
 * The last good table on disk, so that a router that starts while no rebalancer can be reached serves all the same. Written
 * when the table changes, at most every five seconds, and every half minute while it is confirmed anew; read only if it was
 * confirmed lately enough. Overlay addresses are given to other tasks in time: what the table says of them is checked by
 * `TableCheck` before it is used.
 */
import { RoutingTable } from "@evenkeel/domain/RoutingTable"
import { FeedVersion } from "@evenkeel/feed/FeedProtocol"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { randomUUID } from "node:crypto"
import { readFile, rename, rm, writeFile } from "node:fs/promises"
import type { TableView } from "./TableView.ts"

const Kept = Schema.Struct({ version: FeedVersion, table: RoutingTable })
type Kept = typeof Kept.Type

const decode = Schema.decodeUnknownEither(Schema.parseJson(Kept))

/** Represents a file to which the table cannot be written. */
export class TableCacheUnwritable extends Schema.TaggedError<TableCacheUnwritable>()("TableCacheUnwritable", {
  file: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `cannot keep the table in ${this.file} (${this.reason}); check EVENKEEL_ROUTER_TABLE_CACHE and its directory`
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? ("code" in error ? String(error.code) : error.message) : String(error)

/** Between two changes that are written; a confirmation alone is written every half minute. */
const pauseMillis = 5_000
const confirmEveryMillis = 30_000

/** Another file renamed into place: a crash while writing leaves the one before. */
const write = (file: string, kept: Kept): Effect.Effect<void, TableCacheUnwritable> =>
  Effect.tryPromise({
    try: async () => {
      const beside = `${file}.${randomUUID()}`
      try {
        // A table is made of plain values: it is its own encoding, and what is read is checked.
        await writeFile(beside, JSON.stringify(kept), { mode: 0o600 })
        await rename(beside, file)
      } catch (error) {
        await rm(beside, { force: true })
        throw error
      }
    },
    catch: (error) => new TableCacheUnwritable({ file, reason: reasonOf(error) })
  })

/** Keeps what is in force in `file` until the scope closes. A file that cannot be written is told of once. */
export const keep = (
  file: string,
  views: SubscriptionRef.SubscriptionRef<TableView>
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const written = yield* Ref.make<{ readonly table: RoutingTable | null; readonly atMillis: number }>({
      table: null,
      atMillis: 0
    })
    const failing = yield* Ref.make(false)
    const look = Effect.gen(function* () {
      const { source, table, version } = yield* SubscriptionRef.get(views)
      // What was read from here is not confirmed by being written again.
      if (table === null || version === null || source === file) return
      const before = yield* Ref.get(written)
      if (table === before.table && version.confirmedAtMillis - before.atMillis < confirmEveryMillis) return
      yield* write(file, { table, version })
      yield* Ref.set(written, { table, atMillis: version.confirmedAtMillis })
      yield* Ref.set(failing, false)
    }).pipe(
      Effect.catchTag("TableCacheUnwritable", ({ message }) =>
        Effect.flatMap(Ref.getAndSet(failing, true), (known) => (known ? Effect.void : Effect.logError(message)))
      )
    )
    const changes = Stream.changesWith(views.changes, (a, b) => a.table === b.table)
    const wakes = Stream.merge(changes, Stream.fromSchedule(Schedule.spaced(confirmEveryMillis)))
    // What changes during the pause is seen by the look after it.
    yield* Effect.forkScoped(
      Stream.runForEach(Stream.buffer(wakes, { capacity: 1, strategy: "sliding" }), () =>
        Effect.zipRight(look, Effect.sleep(pauseMillis))
      )
    )
  })

/** The table in `file`, if a quorum confirmed it within `maxAgeMillis`; otherwise none, and the log says why. */
export const read = Effect.fn("TableCache.read")(function* (
  file: string,
  maxAgeMillis: number
): Effect.fn.Return<Option.Option<Kept>> {
  const unusable = (reason: string) =>
    Effect.as(
      Effect.logWarning("the table on disk is not used").pipe(Effect.annotateLogs({ file, reason })),
      Option.none<Kept>()
    )
  const text = yield* Effect.either(
    Effect.tryPromise({ try: () => readFile(file, "utf8"), catch: (error) => reasonOf(error) })
  )
  if (Either.isLeft(text))
    return text.left === "ENOENT" ? Option.none() : yield* unusable(`it cannot be read: ${text.left}`)
  const kept = decode(text.right)
  if (Either.isLeft(kept)) return yield* unusable("it is no table of this release")
  const ageMillis = (yield* Clock.currentTimeMillis) - kept.right.version.confirmedAtMillis
  if (ageMillis > maxAgeMillis)
    return yield* unusable(`it was confirmed ${Math.round(ageMillis / 1_000)} s ago; EVENKEEL_ROUTER_TABLE_MAX_AGE`)
  return Option.some(kept.right)
})
