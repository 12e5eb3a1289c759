/**
 * One changing verb at a time per lab: a file beside the state directory names the process that works on it.
 *
 * A lock whose holder has ended is taken over.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { LabSite } from "./LabSite.ts"
import * as Processes from "./Processes.ts"
import { dirname } from "node:path"

/** Another process has been changing the same lab for longer than the caller waits. */
export class LabBusy extends Schema.TaggedError<LabBusy>()("LabBusy", {
  stateDir: Schema.String,
  holder: Schema.Number
}) {
  override get message(): string {
    return `Process ${this.holder} is changing the lab in ${this.stateDir}; try again when it has ended.`
  }
}

const Holder = Schema.parseJson(Processes.ProcessIdentity)

const acquire = Effect.gen(function* () {
  const { stateDir } = yield* LabSite
  const files = yield* FileSystem.FileSystem
  const path = `${stateDir}.lock`
  const own = yield* Processes.identify(process.pid)
  if (own === undefined) return path
  yield* files.makeDirectory(dirname(path), { recursive: true })
  const text = yield* Effect.orDie(Schema.encode(Holder)(own))
  const taken = yield* files.writeFileString(path, text, { flag: "wx" }).pipe(Effect.isFailure)
  if (!taken) return path
  const holder = yield* files.readFileString(path).pipe(Effect.flatMap(Schema.decodeUnknown(Holder)), Effect.option)
  // Unreadable: its holder is just writing or removing it, or died doing so.
  if (Option.isSome(holder) && (yield* Processes.isAlive(holder.value))) {
    return yield* new LabBusy({ stateDir, holder: holder.value.pid })
  }
  yield* files.remove(path, { force: true })
  return yield* new LabBusy({ stateDir, holder: 0 })
})

/** Runs a verb that changes the lab, after any other one; fails with {@link LabBusy} after two minutes of waiting. */
export const withLock = <A, E, R>(verb: Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    acquire.pipe(
      Effect.retry({
        while: (error) => error._tag === "LabBusy",
        schedule: Schedule.spaced("100 millis"),
        times: 1200
      }),
      Effect.interruptible
    ),
    () => verb,
    (path) => Effect.flatMap(FileSystem.FileSystem, (files) => Effect.ignore(files.remove(path, { force: true })))
  )
