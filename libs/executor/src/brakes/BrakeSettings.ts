/**
 * What can be set about brakes and thresholds: each setting with its unit, default, environment variable and meaning, in one
 * table from which the environment, the command line and the documentation are served. Holds values; `Brakes` judges by them.
 */
import * as Cron from "effect/Cron"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { movesKept } from "./MoveHistory.ts"

const Millis = Schema.Number.pipe(Schema.int(), Schema.between(0, 31 * 86_400_000))
const Count = Schema.Number.pipe(Schema.int(), Schema.between(0, 100_000))
const AtLeastOne = Schema.Number.pipe(Schema.int(), Schema.between(1, 100_000))
/** What the history counts cannot be more than it keeps. */
const Moves = Schema.Number.pipe(Schema.int(), Schema.between(1, movesKept))

/** A time in which moves may begin: from each instant of the cron expression on, for a duration. */
export const MaintenanceWindow = Schema.Struct({
  /** Five fields (minute hour day month weekday), or six with seconds first. */
  cron: Schema.String,
  durationMillis: Millis.pipe(Schema.positive()),
  /** As in the IANA database. */
  timeZone: Schema.optionalWith(Schema.String, { default: () => "UTC" })
}).pipe(
  Schema.filter(({ cron, timeZone }) =>
    Either.match(Cron.parse(cron, timeZone), {
      onLeft: ({ message }) => `"${cron}" in ${timeZone} is no cron expression: ${message}`,
      onRight: () => undefined
    })
  )
)
export type MaintenanceWindow = typeof MaintenanceWindow.Type

/** Fields named `…Millis` are milliseconds, others counts or shares as the table says. */
export const BrakeSettings = Schema.Struct({
  mode: Schema.Literal("observe", "act"),
  stabilisationMillis: Millis,
  quarantineFlaps: AtLeastOne,
  quarantineWithinMillis: Millis,
  quarantineMillis: Millis,
  quarantineMaxMillis: Millis,
  movesAtOnce: Moves,
  movesPerCycle: Moves,
  cycleMillis: Millis.pipe(Schema.positive()),
  movesPerHour: Moves,
  movesPerServiceHour: Moves,
  movesPerNodeHour: Moves,
  coolDownMillis: Millis,
  undoneBackOffMillis: Millis,
  taskAgeMillis: Millis,
  sickShare: Schema.Number.pipe(Schema.between(0, 1)),
  quorumMargin: Count,
  windows: Schema.Array(MaintenanceWindow),
  consentTimeoutMillis: Millis.pipe(Schema.positive()),
  consentRetryMillis: Millis,
  maxServiceSkew: AtLeastOne,
  maxGroupSkew: AtLeastOne,
  maxNodeSkew: AtLeastOne,
  allowGaps: Schema.Boolean
})
export type BrakeSettings = typeof BrakeSettings.Type

/** Some of the settings: what an operator has set, over what the environment says. */
export const SettingsOverrides = Schema.partialWith(BrakeSettings, { exact: true })
export type SettingsOverrides = typeof SettingsOverrides.Type

export const defaults: BrakeSettings = {
  mode: "observe",
  stabilisationMillis: 30_000,
  quarantineFlaps: 3,
  quarantineWithinMillis: 600_000,
  quarantineMillis: 300_000,
  quarantineMaxMillis: 7_200_000,
  movesAtOnce: 1,
  movesPerCycle: 20,
  cycleMillis: 300_000,
  movesPerHour: 120,
  movesPerServiceHour: 30,
  movesPerNodeHour: 60,
  coolDownMillis: 900_000,
  undoneBackOffMillis: 30_000,
  taskAgeMillis: 10_000,
  sickShare: 0.45,
  quorumMargin: 1,
  windows: [],
  consentTimeoutMillis: 2_000,
  consentRetryMillis: 60_000,
  maxServiceSkew: 1,
  maxGroupSkew: 1,
  maxNodeSkew: 1,
  allowGaps: false
}

export type SettingKey = keyof BrakeSettings

export interface SettingDoc {
  /** `windows` is a list of `CRON for DURATION [in TIME ZONE]`, separated by semicolons, where it is text. */
  readonly unit: "word" | "duration" | "count" | "share" | "flag" | "windows"
  readonly variable: `EVENKEEL_REBALANCER_${string}`
  readonly meaning: string
}

const doc = (unit: SettingDoc["unit"], variable: string, meaning: string): SettingDoc => ({
  unit,
  variable: `EVENKEEL_REBALANCER_${variable}`,
  meaning
})

/** In the order in which they are shown. */
export const docs: Readonly<Record<SettingKey, SettingDoc>> = {
  mode: doc("word", "MODE", "`observe` plans and tells, `act` also moves"),
  stabilisationMillis: doc("duration", "STABILISATION", "how long the set of usable nodes must not have changed"),
  quarantineFlaps: doc("count", "QUARANTINE_FLAPS", "losses of a node after which it is left alone"),
  quarantineWithinMillis: doc("duration", "QUARANTINE_WITHIN", "in which time these losses must fall"),
  quarantineMillis: doc(
    "duration",
    "QUARANTINE",
    "how long the first quarantine lasts; each further one twice as long"
  ),
  quarantineMaxMillis: doc("duration", "QUARANTINE_MAX", "the longest quarantine"),
  movesAtOnce: doc("count", "MOVES_AT_ONCE", "moves under way at the same time in the whole cluster"),
  movesPerCycle: doc("count", "MOVES_PER_CYCLE", "moves that may begin in a row; none left: as many more in a cycle"),
  cycleMillis: doc("duration", "CYCLE", "how long a cycle is"),
  movesPerHour: doc("count", "MOVES_PER_HOUR", "the same for an hour"),
  movesPerServiceHour: doc("count", "MOVES_PER_SERVICE_HOUR", "the same for an hour and the moves of one service"),
  movesPerNodeHour: doc("count", "MOVES_PER_NODE_HOUR", "the same for an hour and the moves to or from one node"),
  coolDownMillis: doc("duration", "COOL_DOWN", "how long a service is left alone after somebody deployed it"),
  undoneBackOffMillis: doc(
    "duration",
    "UNDONE_BACK_OFF",
    "how long a service is left alone after a move of it was undone; each further time twice as long, up to an hour"
  ),
  taskAgeMillis: doc("duration", "TASK_AGE", "how old a task must be before it is moved"),
  sickShare: doc("share", "SICK_SHARE", "nodes that may be lost, of all, before everything is left alone"),
  quorumMargin: doc("count", "QUORUM_MARGIN", "managers that must be able to fail besides those that are lost"),
  windows: doc("windows", "WINDOWS", "times in which moves may begin; none: always"),
  consentTimeoutMillis: doc("duration", "CONSENT_TIMEOUT", "no answer of the consent hook by then means not now"),
  consentRetryMillis: doc("duration", "CONSENT_RETRY", "when it is asked again if it does not say"),
  maxServiceSkew: doc("count", "MAX_SERVICE_SKEW", "difference between nodes put up with, in tasks of one service"),
  maxGroupSkew: doc("count", "MAX_GROUP_SKEW", "the same in tasks of a group"),
  maxNodeSkew: doc("count", "MAX_NODE_SKEW", "the same in all tasks"),
  allowGaps: doc(
    "flag",
    "ALLOW_GAPS",
    "`true` moves services with `evenkeel.order=stop-first` too: each is without the moved task for a while"
  )
}

export const keys = Object.keys(docs) as ReadonlyArray<SettingKey>

/** The key as the command line takes it: `stabilisation` for `stabilisationMillis`. */
export const shortKey = (key: SettingKey): string => key.replace(/Millis$/, "")

/** What holds: the operator's word over the environment's. */
export const withOverrides = (base: BrakeSettings, overrides: SettingsOverrides): BrakeSettings => ({
  ...base,
  ...overrides
})
