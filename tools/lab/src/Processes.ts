/**
 * Processes of this machine as `/proc` shows them, identified by process id **and** start time.
 *
 * A process id alone may name a stranger after the one it was recorded for has ended; with the start time (and the boot
 * it was read in) it cannot. Nothing here ends a process that is not named by such an identity.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { readFileSync, readdirSync } from "node:fs"

/** Names one process for the time of one boot. */
export class ProcessIdentity extends Schema.Class<ProcessIdentity>("ProcessIdentity")({
  pid: Schema.Int.pipe(Schema.positive()),
  /** Clock ticks since boot, field 22 of `/proc/<pid>/stat`. */
  startTicks: Schema.Int.pipe(Schema.nonNegative())
}) {}

/** A process did not end although it was killed. */
export class ProcessLingers extends Schema.TaggedError<ProcessLingers>()("ProcessLingers", {
  pid: Schema.Number,
  what: Schema.String
}) {
  override get message(): string {
    return `Process ${this.pid} (${this.what}) did not end after SIGKILL; it is probably stuck in the kernel (see /proc/${this.pid}/stack).`
  }
}

/** What the lab needs to know of a line of `/proc/<pid>/stat`. */
export interface ProcessStat {
  readonly pid: number
  readonly command: string
  /** One letter: `R`, `S`, `D`, `Z`, `X`, … */
  readonly state: string
  readonly parent: number
  readonly startTicks: number
}

/** Parses `/proc/<pid>/stat` (proc(5)): the command is in parentheses and may itself hold spaces and parentheses. */
export const parseStat = (text: string): ProcessStat | undefined => {
  const open = text.indexOf("(")
  const close = text.lastIndexOf(")")
  if (open < 0 || close < open) return undefined
  const rest = text
    .slice(close + 1)
    .trim()
    .split(/\s+/)
  const pid = Number(text.slice(0, open).trim())
  const [state, parent] = rest
  const startTicks = rest[19]
  if (!Number.isInteger(pid) || state === undefined || parent === undefined || startTicks === undefined)
    return undefined
  return { pid, command: text.slice(open + 1, close), state, parent: Number(parent), startTicks: Number(startTicks) }
}

const readStat = (pid: number | string): ProcessStat | undefined => {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"))
  } catch {
    return undefined
  }
}

const isLiving = (stat: ProcessStat | undefined): stat is ProcessStat =>
  stat !== undefined && stat.state !== "Z" && stat.state !== "X"

/** All living processes. */
export const list: Effect.Effect<ReadonlyArray<ProcessStat>> = Effect.sync(() =>
  readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(readStat)
    .filter(isLiving)
)

/** The identity of a living process. */
export const identify = (pid: number): Effect.Effect<ProcessIdentity | undefined> =>
  Effect.sync(() => {
    const stat = readStat(pid)
    return isLiving(stat) ? new ProcessIdentity({ pid, startTicks: stat.startTicks }) : undefined
  })

/** Whether exactly this process still lives (a zombie does not). */
export const isAlive = (identity: ProcessIdentity): Effect.Effect<boolean> =>
  Effect.sync(() => {
    const stat = readStat(identity.pid)
    return isLiving(stat) && stat.startTicks === identity.startTicks
  })

/** Living children of a process. */
export const childrenOf = (pid: number): Effect.Effect<ReadonlyArray<ProcessStat>> =>
  Effect.map(list, (all) => all.filter((process) => process.parent === pid))

/**
 * Living processes whose environment sets `name` to a value that `accepts` takes. How processes of a lab are found again
 * whose state was lost.
 */
export const findByEnvironment = (
  name: string,
  accepts: (value: string) => boolean
): Effect.Effect<ReadonlyArray<ProcessIdentity>> =>
  Effect.map(list, (all) =>
    all
      .filter((process) => {
        try {
          return readFileSync(`/proc/${process.pid}/environ`, "utf8")
            .split("\0")
            .some((entry) => entry.startsWith(`${name}=`) && accepts(entry.slice(name.length + 1)))
        } catch {
          return false
        }
      })
      .map(({ pid, startTicks }) => new ProcessIdentity({ pid, startTicks }))
  )

/** Sends a signal to exactly this process; nothing happens when it has ended. */
export const signal = (identity: ProcessIdentity, name: NodeJS.Signals): Effect.Effect<void> =>
  Effect.flatMap(isAlive(identity), (alive) =>
    alive
      ? Effect.sync(() => {
          try {
            process.kill(identity.pid, name)
          } catch {
            // It ended between the look and the signal.
          }
        })
      : Effect.void
  )

/** Waits until exactly this process has ended; `false` when it still lives after `deadline`. */
export const awaitEnd = (identity: ProcessIdentity, deadline: Duration.DurationInput): Effect.Effect<boolean> =>
  Effect.gen(function* () {
    const last = (yield* Clock.currentTimeMillis) + Duration.toMillis(deadline)
    while (yield* isAlive(identity)) {
      if ((yield* Clock.currentTimeMillis) >= last) return false
      yield* Effect.sleep("10 millis")
    }
    return true
  })

/**
 * Waits until the process table has no entry of these any more: one that has ended stays there, without memory, until its
 * parent has looked. Gives up after three seconds, since a slow parent does no harm.
 */
export const awaitReaped = (identities: ReadonlyArray<ProcessIdentity>): Effect.Effect<void> =>
  Effect.sync(() => identities.some(({ pid, startTicks }) => readStat(pid)?.startTicks === startTicks)).pipe(
    Effect.repeat({ while: (listed) => listed, schedule: Schedule.spaced("50 millis") }),
    Effect.timeout("3 seconds"),
    Effect.ignore
  )

/** Ends exactly this process with SIGKILL and waits until it is gone. */
export const kill = Effect.fn("Processes.kill")(function* (identity: ProcessIdentity, what: string) {
  yield* signal(identity, "SIGKILL")
  const ended = yield* awaitEnd(identity, "15 seconds")
  if (!ended) return yield* new ProcessLingers({ pid: identity.pid, what })
})

/** Names the current boot: start times of another boot say nothing about today's processes. */
export const bootId: Effect.Effect<string> = Effect.sync(() =>
  readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
)
