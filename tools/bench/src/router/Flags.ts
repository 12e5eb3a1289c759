/** The command line of `bench:router`: what is measured, how long, against whom. Decides nothing else. */
import { parseArgs } from "node:util"

/** Every proxy that can be compared. `router-log` is the router with its access log on. */
export const peerNames = [
  "router",
  "router-log",
  "nginx",
  "haproxy",
  "caddy",
  "http-proxy",
  "http-proxy-3",
  "traefik",
  "envoy"
] as const
export type PeerName = (typeof peerNames)[number]

export const caseNames = ["get-100", "get-10k", "get-1m", "post-1k", "connect", "websocket"] as const
export type CaseName = (typeof caseNames)[number]

/** Measurements that are not CPU per request. */
export const extraNames = ["latency", "idle-websockets", "transfer"] as const
export type ExtraName = (typeof extraNames)[number]

export interface Flags {
  readonly json: boolean
  readonly quick: boolean
  readonly peers: ReadonlyArray<PeerName>
  readonly cases: ReadonlyArray<CaseName>
  readonly extras: ReadonlyArray<ExtraName>
  /** Of every measurement; null: as `Schedule` says. */
  readonly rounds: number | null
  /** Length of one round; null: as `Schedule` says. */
  readonly seconds: number | null
  readonly proxyCore: number
  readonly loadCore: number
  /** Bundle of the router that is measured. */
  readonly bundle: string | null
}

/** A command line that cannot be followed; `message` says why. */
export class FlagsInvalid extends Error {
  override readonly name = "FlagsInvalid"
}

export const help = `Usage: nx run bench:router [-- FLAGS]

Runs the router's deployed bundle and other proxies one after another on one core against the same backends, and compares
the CPU time they take. Needs Linux, two cores, wrk and nginx (apt-get install wrk nginx haproxy caddy). What is not
installed, or not on the PATH, is left out and named.

  --json           the result as JSON on stdout
  --quick          for a first look: fewer and shorter rounds, memory of the router alone
  --only LIST      proxies to run, comma-separated: ${peerNames.join(", ")}
  --cases LIST     measurements to make: ${[...caseNames, ...extraNames].join(", ")}
  --rounds N, --seconds S
                   of everything; by default 7 rounds of 2 s of what a gate is judged by, 3 of 1 s of the rest
  --cores P,L      core of the proxy, core of backends and load [0,1]
  --bundle FILE    another router's main.mjs instead of dist/apps/router/main.mjs

Exit code: 0 when every gate that was asked for holds, 1 when one does not or the router's answers or counts were wrong, 64
for a wrong command line, 69 when something needed is missing, or a gate could not be judged for want of a proxy.
`

const listOf = <A extends string>(flag: string, text: string, allowed: ReadonlyArray<A>): ReadonlyArray<A> => {
  const names = text.split(",").map((name) => name.trim())
  return names.map((name) => {
    const known = allowed.find((one) => one === name)
    if (known === undefined) throw new FlagsInvalid(`${flag}: "${name}" is none of ${allowed.join(", ")}`)
    return known
  })
}

const positive = (flag: string, text: string): number => {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new FlagsInvalid(`${flag}: "${text}" is not a number above 0`)
  return value
}

/** Throws `FlagsInvalid`. Returns null when help was asked for. */
export const parse = (args: ReadonlyArray<string>): Flags | null => {
  const { values } = (() => {
    try {
      return parseArgs({
        args: [...args],
        strict: true,
        allowPositionals: false,
        options: {
          json: { type: "boolean", default: false },
          quick: { type: "boolean", default: false },
          only: { type: "string" },
          cases: { type: "string" },
          rounds: { type: "string" },
          seconds: { type: "string" },
          cores: { type: "string", default: "0,1" },
          bundle: { type: "string" },
          help: { type: "boolean", default: false }
        }
      })
    } catch (error) {
      throw new FlagsInvalid(error instanceof Error ? error.message : String(error))
    }
  })()
  if (values.help) return null
  const wanted = values.cases === undefined ? null : listOf("--cases", values.cases, [...caseNames, ...extraNames])
  const cores = values.cores.split(",").map(Number)
  const [proxyCore, loadCore] = cores
  if (proxyCore === undefined || loadCore === undefined || cores.length !== 2 || cores.some((c) => !(c >= 0)))
    throw new FlagsInvalid(`--cores: "${values.cores}" is not two core numbers such as 0,1`)
  return {
    json: values.json,
    quick: values.quick,
    peers: values.only === undefined ? peerNames : listOf("--only", values.only, peerNames),
    cases: caseNames.filter((name) => wanted === null || wanted.includes(name)),
    extras: extraNames.filter((name) => wanted === null || wanted.includes(name)),
    rounds: values.rounds === undefined ? null : Math.ceil(positive("--rounds", values.rounds)),
    seconds: values.seconds === undefined ? null : positive("--seconds", values.seconds),
    proxyCore,
    loadCore,
    bundle: values.bundle ?? null
  }
}
