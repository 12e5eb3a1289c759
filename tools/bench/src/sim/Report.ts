/** What was measured of an embedded Swarm as text, with the aims beside it. Pure. */
import type { Listing, Measured, Span } from "./Measure.ts"

/** What a Swarm of 1,000 nodes and 100,000 tasks should need at most. */
export const aims = { realSeconds: 10, mebibytes: 500 } as const

const span = ({ cpuSeconds, realSeconds, simulatedSeconds }: Span): string =>
  `${simulatedSeconds.toFixed(1)} s simulated, ${realSeconds.toFixed(2)} s real, ${cpuSeconds.toFixed(2)} s CPU`

const listing = (each: Listing): string =>
  `first byte ${each.firstByteMillis.toFixed(0)} ms, last ${each.lastByteMillis.toFixed(0)} ms, ${each.mebibytes.toFixed(1)} MiB; ` +
  `another call waited ${each.longestPingMillis.toFixed(0)} ms at most`

const aim = (value: number, most: number, unit: string): string =>
  `aim ${most} ${unit}: ${value <= most ? "met" : "missed"}`

export const lines = (measured: Measured): ReadonlyArray<string> => {
  const { allRunning, memoryEmpty, memoryEnd, memoryListed, memoryRunning, nodeLoss } = measured
  const rows: ReadonlyArray<readonly [string, string]> = [
    ["start-up, all endpoints listening", `${measured.startSeconds.toFixed(2)} s`],
    [`${measured.services} services created`, `${measured.creation.realSeconds.toFixed(2)} s real`],
    ["all tasks running", `${span(allRunning)} (${aim(allRunning.realSeconds, aims.realSeconds, "s")})`],
    ["GET /tasks, first", listing(measured.listFirst)],
    ["GET /tasks, again", listing(measured.listAgain)],
    [`a node's loss, ${nodeLoss.tasksLost} tasks restored`, span(nodeLoss)],
    ["a change of the leader, nodes ready", span(measured.leaderChange)],
    [
      "memory, resident",
      `${memoryEmpty.nowMebibytes.toFixed(0)} MiB empty, ${memoryRunning.nowMebibytes.toFixed(0)} running, ` +
        `${memoryListed.nowMebibytes.toFixed(0)} listed, ${memoryEnd.nowMebibytes.toFixed(0)} at the end`
    ],
    [
      "memory, the most",
      `${memoryRunning.mostMebibytes.toFixed(0)} MiB until running, ${memoryEnd.mostMebibytes.toFixed(0)} in all ` +
        `(${aim(memoryEnd.mostMebibytes, aims.mebibytes, "MiB")})`
    ]
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return [
    `${measured.nodes} nodes, ${measured.tasks} tasks`,
    ...rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`)
  ]
}
