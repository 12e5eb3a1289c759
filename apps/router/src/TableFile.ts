/**
 * A static routing table from a file, taken anew whenever the file's text changes: the directory is watched, and the file is
 * read each second besides, since watches miss bind mounts and network file systems. A file that has become unreadable or
 * wrong is reported once and the table before it stays in force.
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { watch } from "node:fs"
import { readFile } from "node:fs/promises"
import { dirname } from "node:path"
import * as TableText from "./TableText.ts"
import type { TableView } from "./TableView.ts"

/** Represents a table file that cannot be read. */
export class TableFileUnreadable extends Schema.TaggedError<TableFileUnreadable>()("TableFileUnreadable", {
  file: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `cannot read the table ${this.file} (${this.reason}); check the path given by --table and its permissions`
  }
}

const read = (file: string): Effect.Effect<string, TableFileUnreadable> =>
  Effect.tryPromise({
    try: () => readFile(file, "utf8"),
    catch: (error) => {
      const reason = error instanceof Error && "code" in error ? String(error.code) : String(error)
      return new TableFileUnreadable({ file, reason })
    }
  })

/** An item for every change in the file's directory; none where it cannot be watched. */
const changes = (file: string): Stream.Stream<void> =>
  Stream.asyncPush<void>(
    (emit) =>
      Effect.acquireRelease(
        Effect.try(() => {
          const watcher = watch(dirname(file), { persistent: false }, () => void emit.single(undefined))
          watcher.on("error", () => watcher.close())
          return watcher
        }).pipe(Effect.orElseSucceed(() => null)),
        (watcher) => Effect.sync(() => watcher?.close())
      ),
    { bufferSize: 1, strategy: "sliding" }
  )

/** Fails where the first reading does; from then on the reference follows the file until the scope closes. */
export const follow = Effect.fn("TableFile.follow")(function* (
  file: string
): Effect.fn.Return<
  SubscriptionRef.SubscriptionRef<TableView>,
  TableFileUnreadable | TableText.TableTextInvalid,
  Scope.Scope
> {
  const viewOf = (text: string) =>
    Effect.map(TableText.decode(text, file), (table): TableView => ({
      table,
      version: null,
      source: file,
      sources: []
    }))

  const first = yield* read(file)
  const view = yield* SubscriptionRef.make(yield* viewOf(first))
  /** The last text that was taken or reported, or the reason why there was none. */
  const seen = yield* Ref.make(first)

  const look = Effect.gen(function* () {
    const text = yield* read(file)
    if ((yield* Ref.getAndSet(seen, text)) === text) return
    yield* SubscriptionRef.set(view, yield* viewOf(text))
    yield* Effect.logInfo("took the changed table").pipe(Effect.annotateLogs({ file }))
  }).pipe(
    Effect.catchAll((error) =>
      Effect.gen(function* () {
        const isNews =
          error._tag === "TableTextInvalid" || (yield* Ref.getAndSet(seen, error.message)) !== error.message
        if (isNews) yield* Effect.logError(`${error.message}; the table before it stays in force`)
      })
    )
  )
  const wakes = Stream.merge(changes(file), Stream.fromSchedule(Schedule.spaced(1_000)))
  yield* Effect.forkScoped(Stream.runForEach(wakes, () => look))
  return view
})
