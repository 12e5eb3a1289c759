/** What was measured of discovery, as text and as a verdict. Pure. */
import type { Cost, Measured } from "./Measure.ts"

/** From a change to the table, p99, on up to 100 nodes and 5,000 tasks: at most, and what is aimed at. Milliseconds. */
export const gateMillis = 1_000
export const aimMillis = 400

const isGated = ({ nodes, tasks }: Measured): boolean => nodes <= 100 && tasks <= 5_000

/** Whether every gate holds. */
export const passes = (measured: ReadonlyArray<Measured>): boolean =>
  measured.every((each) => !isGated(each) || each.p99Millis <= gateMillis)

const cost = ({ cpuShare, eventLoopDelayMillis, intervalMillis, readings }: Cost): string =>
  `${(cpuShare * 100).toFixed(1)} % of a core, a reading every ${intervalMillis === null ? "–" : intervalMillis.toFixed(0)} ms, ` +
  `event loop stopped for ${eventLoopDelayMillis.toFixed(0)} ms at most in the last minute` +
  (readings.failed === 0 ? "" : `, ${readings.failed} of ${readings.failed + readings.read} FAILED`)

const verdictOf = (each: Measured): string => {
  if (!isGated(each)) return "no gate"
  const gate = `gate ${gateMillis} ms: ${each.p99Millis <= gateMillis ? "holds" : "FAILS"}`
  return `${gate}, aim ${aimMillis} ms: ${each.p99Millis <= aimMillis ? "met" : "missed"}`
}

export const lines = (measured: ReadonlyArray<Measured>): ReadonlyArray<string> =>
  measured.flatMap((each) => [
    `${each.nodes} nodes, ${each.tasks} tasks, ${each.services} services, ${each.routers + 1} routers`,
    `  rebalancer's start to a full table   ${each.firstTableSeconds.toFixed(1)} s`,
    `  at rest                              ${cost(each.atRest)}`,
    `  while it changes                     ${cost(each.busy)}`,
    `  memory                               ${each.memory.nowMebibytes.toFixed(0)} MiB, ${each.memory.mostMebibytes.toFixed(0)} at most`,
    `  change → every router, ${String(each.delaysMillis.length).padStart(3)} changes   ` +
      `p50 ${each.p50Millis.toFixed(0)} ms, p99 ${each.p99Millis.toFixed(0)} ms, at most ${each.mostMillis.toFixed(0)} ms (${verdictOf(each)})`
  ])
