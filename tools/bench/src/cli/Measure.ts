/**
 * Runs the command's bundle as an operator does, one process after another, and `node -e 0` between them, so that whatever the
 * machine does meanwhile meets all alike. Wall-clock and CPU time of each run. Judges nothing.
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseStat } from "../ProcText.ts"
import { median } from "../Quantile.ts"

export interface Case {
  readonly name: string
  /** Node's arguments. */
  readonly args: ReadonlyArray<string>
  readonly exitCode: number
  /** Whether each run finds no compile cache, as the first one after an installation. */
  readonly isFirst: boolean
}

export interface Measured {
  readonly name: string
  readonly runs: number
  /** Milliseconds from the start of the process to its end. */
  readonly medianMillis: number
  readonly leastMillis: number
  /** Mean of user and system time in milliseconds; null where the system does not tell (it is read from /proc). */
  readonly cpuMillis: number | null
}

/** What is run against what: `node -e 0` is the first. */
export const casesOf = (bundle: string, folder: string): ReadonlyArray<Case> => {
  const evenkeel = (words: string, exitCode = 0, isFirst = false): Case => ({
    name: `evenkeel ${words}${isFirst ? ", first run" : ""}`,
    args: [bundle, ...words.split(" ")],
    exitCode,
    isFirst
  })
  return [
    { name: "node -e 0", args: ["-e", "0"], exitCode: 0, isFirst: false },
    evenkeel("version"),
    evenkeel("--help"),
    evenkeel("node drain --help"),
    evenkeel("plan --format xml", 64),
    // Loads all that the command needs, and finds nothing to talk to.
    { ...evenkeel(`status --host unix://${join(folder, "none.sock")}`, 5), name: "evenkeel status, no engine there" },
    evenkeel("version", 0, true)
  ]
}

/** A run that takes longer hangs. */
const timeoutMillis = 60_000

/** CPU time of all children that have ended. */
const cpuNow = (): number | null => {
  try {
    return parseStat(readFileSync("/proc/self/stat", "utf8")).childrenSeconds * 1_000
  } catch {
    return null
  }
}

interface Run {
  readonly millis: number
  readonly cpuMillis: number | null
}

const run = ({ args, exitCode, isFirst, name }: Case, cache: string, folder: string): Run => {
  const fresh = isFirst ? mkdtempSync(join(folder, "first-")) : cache
  const cpuBefore = cpuNow()
  const began = performance.now()
  const { error, status, stderr } = spawnSync(process.execPath, [...args], {
    encoding: "utf8",
    timeout: timeoutMillis,
    env: { PATH: process.env["PATH"], HOME: folder, XDG_CACHE_HOME: fresh, NO_COLOR: "1" }
  })
  const millis = performance.now() - began
  const cpuAfter = cpuNow()
  if (error !== undefined) throw error
  if (status !== exitCode) throw new Error(`"${name}" ended with exit code ${status}, not ${exitCode}: ${stderr}`)
  return { millis, cpuMillis: cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore }
}

const summed = (name: string, runs: ReadonlyArray<Run>): Measured => {
  const cpu = runs.flatMap(({ cpuMillis }) => (cpuMillis === null ? [] : [cpuMillis]))
  return {
    name,
    runs: runs.length,
    medianMillis: median(runs.map(({ millis }) => millis)),
    leastMillis: Math.min(...runs.map(({ millis }) => millis)),
    cpuMillis: cpu.length === 0 ? null : cpu.reduce((sum, each) => sum + each, 0) / cpu.length
  }
}

/** Each case `rounds` times, in turn, after one run of each that is not counted. Throws where a run ends otherwise than it should. */
export const measure = (bundle: string, rounds: number): ReadonlyArray<Measured> => {
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-bench-cli-"))
  try {
    const cache = mkdtempSync(join(folder, "cache-"))
    const cases = casesOf(bundle, folder)
    const runs = cases.map((): Array<Run> => [])
    for (const each of cases) run(each, cache, folder)
    for (let round = 0; round < rounds; round++)
      for (const [at, each] of cases.entries()) runs[at]?.push(run(each, cache, folder))
    return cases.map(({ name }, at) => summed(name, runs[at] ?? []))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
