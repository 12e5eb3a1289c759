/**
 * What the router holds itself to, as ratios of one run to the other proxies in it. A gate must hold, an aim is what is
 * sought. What could not be judged is named. Pure.
 */
import type { CaseName, ExtraName, Flags, PeerName } from "./Flags.ts"
import type { Summary } from "./Report.ts"

export interface Verdict {
  readonly what: string
  readonly value: number
  readonly gate: number
  readonly aim: number
  readonly unit: "×" | "KiB" | "MiB"
  readonly holds: boolean
  readonly reachesAim: boolean
}

interface Rule {
  readonly what: string
  /** The measurement, and those whose figures of it are needed. */
  readonly of: CaseName | ExtraName
  readonly peers: ReadonlyArray<PeerName>
  readonly value: (summary: Summary) => number | null
  readonly gate: number
  readonly aim: number
  readonly unit: Verdict["unit"]
}

const cpuOf = (summary: Summary, peer: PeerName, name: CaseName): number | null =>
  summary.rows.find((row) => row.peer === peer && row.case === name)?.cpuMicros ?? null

const ratio = (a: number | null | undefined, b: number | null | undefined): number | null =>
  a === null || a === undefined || b === null || b === undefined ? null : a / b

const cpu = (name: CaseName, peer: PeerName, gate: number, aim: number): Rule => ({
  what: `${name}: CPU per request, router to ${peer}`,
  of: name,
  peers: ["router", peer],
  value: (summary) => ratio(cpuOf(summary, "router", name), cpuOf(summary, peer, name)),
  gate,
  aim,
  unit: "×"
})

const growth = (direction: "down" | "up"): Rule => ({
  what: `1 GiB ${direction}: growth of memory`,
  of: "transfer",
  peers: ["router"],
  value: ({ extras }) => {
    const found = extras.transfers.find((one) => one.peer === "router" && one.direction === direction)
    return found === undefined ? null : found.growthBytes / 1_048_576
  },
  gate: 64,
  aim: 32,
  unit: "MiB"
})

const rules: ReadonlyArray<Rule> = [
  cpu("get-100", "nginx", 1.25, 1),
  cpu("get-100", "haproxy", Infinity, 1.1),
  cpu("get-100", "caddy", 0.4, 0.3),
  cpu("get-100", "http-proxy", 0.25, 0.16),
  cpu("get-1m", "nginx", 1, 0.8),
  {
    what: "get-100: CPU per request, access log on to off",
    of: "get-100",
    peers: ["router-log", "router"],
    value: (summary) => ratio(cpuOf(summary, "router-log", "get-100"), cpuOf(summary, "router", "get-100")),
    gate: 1.15,
    aim: 1.1,
    unit: "×"
  },
  {
    what: "p99 at half load, router to nginx",
    of: "latency",
    peers: ["router", "nginx"],
    value: ({ extras }) => {
      const p99 = (peer: PeerName) => extras.latency.find((one) => one.peer === peer)?.p99Ms
      return ratio(p99("router"), p99("nginx"))
    },
    gate: 1.5,
    aim: 1.2,
    unit: "×"
  },
  {
    what: "idle WebSockets: memory of each",
    of: "idle-websockets",
    peers: ["router"],
    value: ({ extras }) => {
      const found = extras.idle.find(({ peer }) => peer === "router")
      return found === undefined ? null : found.bytesEach / 1_024
    },
    gate: 20,
    aim: 12,
    unit: "KiB"
  },
  growth("down"),
  growth("up")
]

/** Whether a gate or an aim is judged by what this proxy does in this measurement. */
export const isJudged = (what: CaseName | ExtraName, peer: PeerName): boolean =>
  rules.some(({ of, peers }) => of === what && peers.includes(peer))

/** One verdict for each rule whose figures were measured. */
export const judge = (summary: Summary): ReadonlyArray<Verdict> =>
  rules.flatMap(({ aim, gate, unit, value, what }) => {
    const found = value(summary)
    if (found === null) return []
    return [{ what, value: found, gate, aim, unit, holds: found <= gate, reachesAim: found <= aim }]
  })

export interface Unmeasured {
  readonly what: string
  /** Whether it has a gate and the command line asks for it: then the run says nothing about that gate, and must not pass. */
  readonly matters: boolean
}

/** The rules that could not be judged for want of figures. */
export const unmeasured = (
  summary: Summary,
  { cases, extras, peers }: Pick<Flags, "cases" | "extras" | "peers">
): ReadonlyArray<Unmeasured> => {
  const asked: ReadonlyArray<string> = [...cases, ...extras]
  return rules.flatMap((rule) =>
    rule.value(summary) === null
      ? [
          {
            what: rule.what,
            matters: rule.gate < Infinity && asked.includes(rule.of) && rule.peers.every((peer) => peers.includes(peer))
          }
        ]
      : []
  )
}
