/** All brakes and all settings, one by one: none without its place in the table, none that changes nothing. */
import { describe, expect, it } from "vitest"
import * as Brake from "../../src/brakes/Brake.ts"
import * as Brakes from "../../src/brakes/Brakes.ts"
import * as BrakeSettings from "../../src/brakes/BrakeSettings.ts"
import * as Consent from "../../src/brakes/Consent.ts"
import * as FlapQuarantine from "../../src/brakes/FlapQuarantine.ts"
import * as Policy from "../../src/brakes/Policy.ts"
import * as SettingText from "../../src/brakes/SettingText.ts"
import {
  hour,
  minute,
  moveOf,
  moving,
  n,
  nodeOf,
  now,
  pastMove,
  snapshotOf,
  stateOf,
  type StateInput
} from "./Situation.ts"

/** Thresholds that the planner judges by; no brake is engaged by them. */
const isThreshold = (key: BrakeSettings.SettingKey): boolean => /^max\w+Skew$|^allow/.test(key)

describe("the brakes", () => {
  it.each(Brake.names)("%s: says what it decides, under its name", (name) => {
    const brake = Brakes.brakes[name]
    expect(brake.name).toBe(name)
    expect(brake.decides).toMatch(/^(whether|that) /)
    expect(brake.settings.filter((key) => !(key in BrakeSettings.docs))).toEqual([])
  })

  it("have each setting once, but for the planner's thresholds", () => {
    const ofBrakes = Brake.names.flatMap((name) => Brakes.brakes[name].settings)
    const others = BrakeSettings.keys.filter((key) => !isThreshold(key))
    expect([...ofBrakes].sort()).toEqual([...others].sort())
  })
})

const forms: Readonly<Record<string, RegExp>> = {
  word: /^[a-z]+$/,
  duration: /^\d+(ms|s|m|h)$/,
  count: /^\d+$/,
  share: /^0\.\d+$/,
  windows: /^$/,
  flag: /^(true|false)$/
}

describe("the settings", () => {
  it.each(BrakeSettings.keys)("%s: unit, default, variable and meaning go together", (key) => {
    const { meaning, unit, variable } = BrakeSettings.docs[key]
    expect(SettingText.format(key, BrakeSettings.defaults)).toMatch(forms[unit] ?? /^no such unit$/)
    expect(unit === "duration").toBe(key.endsWith("Millis"))
    const words = BrakeSettings.shortKey(key).replaceAll(/[A-Z]/g, (letter) => `_${letter}`)
    expect(variable).toBe(`EVENKEEL_REBALANCER_${words.toUpperCase()}`)
    expect(meaning.length).toBeGreaterThan(15)
  })
})

type Settings = Partial<BrakeSettings.BrakeSettings>

/** The end of what the brake holds, or that it holds nothing, as one value to compare. */
const ends = (name: Brake.BrakeName, state: StateInput, snapshot = snapshotOf()) => {
  const input = { state: stateOf(state), snapshot, nowMillis: now }
  const { engaged, refuses } = Brakes.brakes[name]
  return [...engaged(input), refuses?.(moveOf("a"), input) ?? []].flat().map(({ untilMillis }) => untilMillis)
}

/** The quarantines that begin when n2 has just been lost so many times, a second apart. */
const quarantines = (settings: Settings, losses: number, level = 0) => {
  const lostAtMillis = Array.from({ length: losses }, (_, at) => now - (losses - 1 - at) * 1_000)
  const last = { node: n("n2"), hostname: "n2", level, sinceMillis: now - hour, untilMillis: now - minute }
  const policy = level === 0 ? Policy.none : { ...Policy.none, quarantines: [last] }
  return FlapQuarantine.due(
    { wasReady: new Set(), lostAtMillis: new Map([[n("n2"), lostAtMillis]]) },
    policy,
    { ...BrakeSettings.defaults, ...settings },
    snapshotOf([nodeOf("n1"), nodeOf("n2")]),
    now
  ).map(({ untilMillis }) => untilMillis)
}

const moved = (count: number, input = {}) => Array.from({ length: count }, (_, at) => pastMove(now - at - 1, input))
const one = snapshotOf(undefined, { a: {} })
const isLost = snapshotOf([nodeOf("n1"), nodeOf("n2"), nodeOf("n3", { state: "down" })])
const isThin = snapshotOf([
  nodeOf("n1", { reachability: "reachable", leader: true }),
  nodeOf("n2", { reachability: "reachable" }),
  nodeOf("n3", { reachability: "unreachable" })
])
const deployed = snapshotOf(undefined, {
  a: {
    previous: { labels: {}, constraints: [], equalsSpec: false, replicas: 1 },
    updatedAt: new Date(now - minute).toISOString()
  }
})

/** What comes of each setting, in a situation where it counts, with its default and with this other value. */
const cases: Partial<Record<BrakeSettings.SettingKey, readonly [Settings, (settings: Settings) => unknown]>> = {
  mode: [{ mode: "act" }, (settings) => ends("mode", { settings: { mode: "observe", ...settings } })],
  stabilisationMillis: [
    { stabilisationMillis: 5_000 },
    (settings) => ends("stabilisation", { settings, calmMillis: 10_000 })
  ],
  quarantineFlaps: [{ quarantineFlaps: 2 }, (settings) => quarantines(settings, 2)],
  quarantineWithinMillis: [{ quarantineWithinMillis: 1_500 }, (settings) => quarantines(settings, 3)],
  quarantineMillis: [{ quarantineMillis: 1_000 }, (settings) => quarantines(settings, 3)],
  quarantineMaxMillis: [{ quarantineMaxMillis: 10 * minute }, (settings) => quarantines(settings, 3, 4)],
  movesAtOnce: [
    { movesAtOnce: 2 },
    (settings) => ends("moves-at-once", { settings }, snapshotOf(undefined, { a: moving("op") }))
  ],
  movesPerCycle: [{ movesPerCycle: 30 }, (settings) => ends("moves-per-cycle", { settings, history: moved(25) })],
  cycleMillis: [{ cycleMillis: hour }, (settings) => ends("moves-per-cycle", { settings, history: moved(25) })],
  movesPerHour: [{ movesPerHour: 200 }, (settings) => ends("moves-per-hour", { settings, history: moved(130) })],
  movesPerServiceHour: [
    { movesPerServiceHour: 50 },
    (settings) => ends("service-limit", { settings, history: moved(40) }, one)
  ],
  movesPerNodeHour: [{ movesPerNodeHour: 90 }, (settings) => ends("node-limit", { settings, history: moved(70) })],
  coolDownMillis: [{ coolDownMillis: 30_000 }, (settings) => ends("deploy-cool-down", { settings }, deployed)],
  undoneBackOffMillis: [
    { undoneBackOffMillis: 60_000 },
    (settings) => ends("undone-back-off", { settings, history: moved(1, { outcome: "undone" }) }, one)
  ],
  taskAgeMillis: [{ taskAgeMillis: 365 * 24 * hour }, (settings) => ends("task-age", { settings }, one)],
  sickShare: [{ sickShare: 0.1 }, (settings) => ends("sick-cluster", { settings }, isLost)],
  quorumMargin: [{ quorumMargin: 0 }, (settings) => ends("sick-cluster", { settings }, isThin)],
  windows: [
    { windows: [{ cron: "0 3 * * *", durationMillis: minute, timeZone: "UTC" }] },
    (settings) => ends("maintenance-window", { settings })
  ],
  consentRetryMillis: [
    { consentRetryMillis: 1_000 },
    (settings) => Consent.refusalOf(moveOf("a"), null, { ...BrakeSettings.defaults, ...settings }, now)
  ]
}

describe("each setting counts", () => {
  it.each(Object.entries(cases))("%s", (_, [other, outcome]) => {
    expect(outcome(other)).not.toEqual(outcome({}))
  })

  it("is shown here for all, but for what is waited for in the process", () => {
    const missing = BrakeSettings.keys.filter((key) => !isThreshold(key) && !(key in cases))
    expect(missing).toEqual(["consentTimeoutMillis"])
  })
})
