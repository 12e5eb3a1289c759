/** CPU time per request of one proxy for one kind of request, and whether every request was answered as it should be. */
import { bodyAt, type bodies } from "./Backend.ts"
import { cpuTime, isThere, residentBytes } from "./Usage.ts"
import type { CaseName } from "./Flags.ts"
import type { Peer } from "./Peer.ts"
import { pingPong } from "./SocketLoad.ts"
import { wrk, type WrkJob } from "./Wrk.ts"

export interface Sample {
  readonly peer: string
  readonly case: CaseName
  readonly requests: number
  readonly perSecond: number
  /** User and system time of the proxy over its requests. */
  readonly cpuMicros: number
  readonly userMicros: number
  readonly residentBytes: number
  /** What was wrong with answers or counts; none should be. */
  readonly faults: ReadonlyArray<string>
}

export const connections = 64

interface Shape extends Omit<WrkJob, "port" | "seconds"> {
  /** Length of each response's body. */
  readonly answerBytes: number
}

const get = (path: keyof typeof bodies, answerBytes: number): Shape => ({ connections, path, answerBytes })

const shapes: Readonly<Record<Exclude<CaseName, "websocket">, Shape>> = {
  "get-100": get("/100", 100),
  "get-10k": get("/10k", 10_240),
  "get-1m": { ...get("/1m", 1_048_576), connections: 16 },
  "post-1k": { connections, path: "/post", method: "POST", bodyBytes: 1_024, answerBytes: 6 },
  connect: { ...get("/100", 100), close: true }
}

/** Measures for `seconds` on `loadCore`. The proxy is warm: see `main`. */
export const measure = async (
  peer: Peer,
  name: CaseName,
  how: { readonly seconds: number; readonly loadCore: number; readonly folder: string }
): Promise<Sample> => {
  const faults: Array<string> = []
  const countedBefore = await peer.counted()
  const before = cpuTime(peer.pids)
  let requests: number
  let seconds: number
  if (name === "websocket") {
    const result = await pingPong({ port: peer.port, connections, seconds: how.seconds, core: how.loadCore })
    requests = result.messages
    seconds = result.seconds
    if (result.wrong > 0) faults.push(`${result.wrong} messages came back changed`)
  } else {
    const { answerBytes, ...shape } = shapes[name]
    const result = await wrk({ ...shape, port: peer.port, seconds: how.seconds }, how.loadCore, how.folder)
    requests = result.requests
    seconds = result.seconds
    if (result.errors > 0) faults.push(`${result.errors} connections failed`)
    if (result.badStatus > 0) faults.push(`${result.badStatus} responses of status 400 or more`)
    const bodyBytes = result.bytes - requests * answerBytes
    if (bodyBytes < 0) faults.push(`bodies are ${-bodyBytes} bytes short`)
  }
  const after = cpuTime(peer.pids)
  const resident = residentBytes(peer.pids)
  if (!peer.pids.every(isThere)) faults.push("one of its processes ended, with the time that it took")
  if (name !== "websocket") faults.push(...(await miscounts(peer, countedBefore, requests)))
  return {
    peer: peer.name,
    case: name,
    requests,
    perSecond: requests / seconds,
    cpuMicros: ((after.seconds - before.seconds) * 1e6) / Math.max(1, requests),
    userMicros: ((after.user - before.user) * 1e6) / Math.max(1, requests),
    residentBytes: resident,
    faults
  }
}

/** The load's own count leaves out what was under way when it stopped: at most one request for each connection. */
const miscounts = async (peer: Peer, before: number | null, requests: number): Promise<ReadonlyArray<string>> => {
  if (before === null) return []
  const until = Date.now() + 1_000
  let counted: number
  do {
    counted = ((await peer.counted()) ?? 0) - before
    if (counted >= requests && counted <= requests + connections) return []
    await new Promise((resolve) => setTimeout(resolve, 50))
  } while (Date.now() < until)
  return [`its metrics count ${counted} requests where the load counts ${requests}`]
}

/** Asks for every body once and compares it byte by byte. Returns what was wrong. */
export const checkBodies = async (peer: Peer): Promise<ReadonlyArray<string>> => {
  const faults: Array<string> = []
  const base = `http://127.0.0.1:${peer.port}`
  for (const path of ["/100", "/10k", "/1m"] as const) {
    const response = await fetch(base + path)
    const body = Buffer.from(await response.arrayBuffer())
    if (response.status !== 200 || !body.equals(bodyAt(path)))
      faults.push(`${path}: status ${response.status}, wrong body`)
  }
  const posted = await fetch(`${base}/echo/sink`, { method: "POST", body: bodyAt("/1m") })
  const answer = await posted.text()
  if (answer !== "1048576") faults.push(`POST of 1 MiB: status ${posted.status}, ${answer} bytes arrived`)
  return faults
}
