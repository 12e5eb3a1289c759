/** What is not CPU per request: latency at half load, memory of idle WebSockets, memory while a gibibyte goes through. */
import * as http from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { median } from "../Quantile.ts"
import { hugeBytes } from "./Backend.ts"
import { descriptors, run } from "./Pinned.ts"
import { residentBytes } from "./Usage.ts"
import type { ExtraName, Flags } from "./Flags.ts"
import type { Peer } from "./Peer.ts"
import { roundsOf, secondsOf, takesPart } from "./Schedule.ts"
import { holdIdle } from "./SocketLoad.ts"
import { wrk } from "./Wrk.ts"

export interface Latency {
  readonly peer: string
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** By how much the load itself was late, which is in the times too. */
  readonly lateP99Ms: number
  readonly failed: number
}

export interface IdleSockets {
  readonly peer: string
  readonly open: number
  /** Growth of resident memory over the number open. */
  readonly bytesEach: number
}

export interface Transfer {
  readonly peer: string
  readonly direction: "down" | "up"
  readonly bytes: number
  readonly seconds: number
  /** Largest resident memory while it lasted, less that before. */
  readonly growthBytes: number
}

export interface Extras {
  readonly latency: ReadonlyArray<Latency>
  readonly idle: ReadonlyArray<IdleSockets>
  readonly transfers: ReadonlyArray<Transfer>
  /** What went wrong meanwhile, beginning with the proxy's name. */
  readonly faults: ReadonlyArray<string>
}

/** Two descriptors in the proxy for each, and some to spare. */
const idleSockets = Math.min(10_000, Math.floor((descriptors - 100) / 2))
const latencyConnections = 64
/** A node program that proxies ten times slower would only be measured in its queue. */
const leastRate = 200
/** What a proxy still does once all are open is not what idle ones need. */
const settleMs = 2_000

/** Half of what each takes, but the same for all that take as much as the slower of router and nginx. */
const rates = async (flags: Flags, peers: ReadonlyArray<Peer>): Promise<ReadonlyMap<string, number>> => {
  const capacity = new Map<string, number>()
  for (const peer of peers) {
    const job = { connections: latencyConnections, seconds: 1, port: peer.port, path: "/100" }
    const result = await wrk(job, flags.loadCore, tmpdir())
    capacity.set(peer.name, result.requests / result.seconds)
  }
  const compared = ["router", "nginx"].flatMap((name) => capacity.get(name) ?? [])
  const common = Math.min(...compared, ...(compared.length === 0 ? capacity.values() : []))
  return new Map(
    [...capacity].map(([name, value]) => [name, Math.max(leastRate, Math.round(Math.min(common, value) / 2))])
  )
}

const measureLatency = async (
  flags: Flags,
  peers: ReadonlyArray<Peer>,
  faults: Array<string>,
  say: (line: string) => void
) => {
  const perSecond = await rates(flags, peers)
  const runs = new Map<string, Array<Latency>>(peers.map(({ name }) => [name, []]))
  const program = join(import.meta.dirname, "LatencyProgram.ts")
  const rounds = Math.max(0, ...peers.map(({ name }) => roundsOf(flags, "latency", name)))
  for (let round = 0; round < rounds; round++) {
    for (const peer of peers) {
      if (round >= roundsOf(flags, "latency", peer.name)) continue
      const rate = perSecond.get(peer.name) ?? leastRate
      const seconds = Math.max(2, secondsOf(flags, "latency", peer.name))
      const args = [program, peer.port, rate, seconds, latencyConnections].map(String)
      const result = JSON.parse(await run(flags.loadCore, process.execPath, args)) as Omit<
        Latency,
        "peer" | "perSecond"
      >
      runs.get(peer.name)?.push({ ...result, peer: peer.name, perSecond: rate })
    }
    say(`latency at half load: round ${round + 1} of ${rounds}`)
  }
  return [...runs].map(([peer, list]) => {
    const failed = list.reduce((sum, one) => sum + one.failed, 0)
    if (failed > 0) faults.push(`${peer}: ${failed} requests were not answered at half load`)
    return {
      peer,
      perSecond: perSecond.get(peer) ?? 0,
      p50Ms: median(list.map(({ p50Ms }) => p50Ms)),
      p99Ms: median(list.map(({ p99Ms }) => p99Ms)),
      lateP99Ms: median(list.map(({ lateP99Ms }) => lateP99Ms)),
      failed
    }
  })
}

/** Memory is measured in proxies that have done nothing before. */
export type StartFresh = (name: Peer["name"]) => Promise<Peer>

const measureIdle = async (
  flags: Flags,
  names: ReadonlyArray<Peer["name"]>,
  startFresh: StartFresh,
  faults: Array<string>,
  say: (line: string) => void
) => {
  const results: Array<IdleSockets> = []
  for (const name of names) {
    const peer = await startFresh(name)
    try {
      // A few first, so that what is loaded once is loaded.
      await holdIdle({ port: peer.port, count: 100, core: flags.loadCore }, () => Promise.resolve())
      const before = residentBytes(peer.pids)
      const count = flags.quick ? Math.floor(idleSockets / 5) : idleSockets
      const result = await holdIdle({ port: peer.port, count, core: flags.loadCore }, async (open) => {
        await sleep(settleMs)
        return { peer: name, open, bytesEach: (residentBytes(peer.pids) - before) / Math.max(1, open) }
      })
      if (result.open < count) faults.push(`${name}: took ${result.open} of ${count} idle WebSockets`)
      results.push(result)
    } finally {
      await peer.stop()
    }
    say(`idle WebSockets: ${name}`)
  }
  return results
}

const download = (port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    http
      .get({ port, host: "127.0.0.1", path: "/1g", headers: { host: "bench" }, agent: false }, (response) => {
        let bytes = 0
        response.on("data", (piece: Buffer) => (bytes += piece.length))
        response.on("end", () => resolve(bytes))
        response.on("error", reject)
      })
      .on("error", reject)
  })

const upload = (port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const piece = Buffer.alloc(262_144, "u")
    const request = http.request(
      {
        port,
        host: "127.0.0.1",
        path: "/echo/sink",
        method: "POST",
        headers: { host: "bench", "content-length": hugeBytes },
        agent: false
      },
      (response) => {
        let text = ""
        response.on("data", (bytes: Buffer) => (text += bytes.toString()))
        response.on("end", () => resolve(Number(text)))
        response.on("error", reject)
      }
    )
    request.on("error", reject)
    let left = hugeBytes / piece.length
    const more = (): void => {
      while (left > 0) {
        left--
        if (!request.write(piece)) return void request.once("drain", more)
      }
      request.end()
    }
    more()
  })

const transfer = async (
  peer: Peer,
  direction: Transfer["direction"],
  faults: Array<string>
): Promise<ReadonlyArray<Transfer>> => {
  const before = residentBytes(peer.pids)
  let largest = before
  const timer = setInterval(() => (largest = Math.max(largest, residentBytes(peer.pids))), 50)
  const startedAt = performance.now()
  try {
    const bytes = await (direction === "down" ? download : upload)(peer.port)
    const seconds = (performance.now() - startedAt) / 1_000
    if (bytes !== hugeBytes) faults.push(`${peer.name}: 1 GiB ${direction}: ${bytes} bytes arrived`)
    return [{ peer: peer.name, direction, bytes, seconds, growthBytes: largest - before }]
  } catch (error) {
    faults.push(`${peer.name}: 1 GiB ${direction}: ${error instanceof Error ? error.message : String(error)}`)
    return []
  } finally {
    clearInterval(timer)
  }
}

const measureTransfers = async (
  flags: Flags,
  names: ReadonlyArray<Peer["name"]>,
  startFresh: StartFresh,
  faults: Array<string>,
  say: (line: string) => void
) => {
  const results: Array<Transfer> = []
  for (const name of names) {
    const peer = await startFresh(name)
    try {
      await wrk({ connections: 16, seconds: 2, port: peer.port, path: "/1m" }, flags.loadCore, tmpdir())
      for (const direction of ["down", "up"] as const) results.push(...(await transfer(peer, direction, faults)))
    } finally {
      await peer.stop()
    }
    say(`one gibibyte down and up: ${name}`)
  }
  return results
}

/** One after another; the access log is not their subject. */
export const measureExtras = async (
  flags: Flags,
  all: ReadonlyArray<Peer>,
  startFresh: StartFresh,
  say: (line: string) => void
): Promise<Extras> => {
  const peers = all.filter(({ name }) => name !== "router-log")
  const has = (name: ExtraName): boolean => flags.extras.includes(name)
  const taking = (what: ExtraName) => peers.flatMap(({ name }) => (takesPart(flags, what, name) ? [name] : []))
  const faults: Array<string> = []
  return {
    faults,
    latency: has("latency") ? await measureLatency(flags, peers, faults, say) : [],
    transfers: has("transfer") ? await measureTransfers(flags, taking("transfer"), startFresh, faults, say) : [],
    idle: has("idle-websockets") ? await measureIdle(flags, taking("idle-websockets"), startFresh, faults, say) : []
  }
}
