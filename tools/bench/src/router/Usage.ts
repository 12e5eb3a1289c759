/**
 * CPU time and memory of a process and its descendants, from /proc. A process that ended takes its time with it: measure
 * only what stays up. Time comes in ticks of 10 ms, so measure for a second or more.
 */
import { readdirSync, readFileSync } from "node:fs"
import { kibibytesOf, parseStat } from "../ProcText.ts"

const readOr = (path: string): string | null => {
  try {
    return readFileSync(path, "utf8")
  } catch {
    // It ended meanwhile.
    return null
  }
}

/** `pid` and all below it. */
export const family = (pid: number): ReadonlyArray<number> => {
  const children = new Map<number, Array<number>>()
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue
    const text = readOr(`/proc/${entry}/stat`)
    if (text === null) continue
    const { parent } = parseStat(text)
    const list = children.get(parent)
    if (list === undefined) children.set(parent, [Number(entry)])
    else list.push(Number(entry))
  }
  const found = [pid]
  for (const one of found) found.push(...(children.get(one) ?? []))
  return found
}

/** Whether it is there; a process that ended and was not waited for still is. */
export const isThere = (pid: number): boolean => readOr(`/proc/${pid}/stat`) !== null

export interface CpuTime {
  readonly seconds: number
  readonly user: number
}

export const cpuTime = (pids: ReadonlyArray<number>): CpuTime => {
  let seconds = 0
  let user = 0
  for (const pid of pids) {
    const text = readOr(`/proc/${pid}/stat`)
    if (text === null) continue
    const stat = parseStat(text)
    seconds += stat.seconds
    user += stat.userSeconds
  }
  return { seconds, user }
}

/** Resident bytes of all together; pages they share count for each. */
export const residentBytes = (pids: ReadonlyArray<number>): number => {
  let kib = 0
  for (const pid of pids) kib += kibibytesOf(readOr(`/proc/${pid}/status`) ?? "", "VmRSS")
  return kib * 1024
}
