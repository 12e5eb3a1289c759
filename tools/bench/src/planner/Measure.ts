/** Measures the planner on one cluster, in a process of its own so that nothing is warm or left over from another. */
import { performance } from "node:perf_hooks"
import * as Planner from "@evenkeel/domain/Planner"
import { median } from "../Quantile.ts"
import * as Instances from "./Instances.ts"

export interface Measured {
  readonly nodes: number
  readonly tasks: number
  readonly services: number
  readonly moves: number
  readonly proved: boolean
  readonly nodeSkewBefore: number
  readonly nodeSkewAfter: number
  /** The score's last level and its lower bound. */
  readonly tasksReached: number
  readonly tasksBound: number
  readonly fewestMoves: number
  /** The first plan of the process, and the median of later ones, each from a decoded snapshot, in milliseconds. */
  readonly firstMillis: number
  readonly laterMillis: number
  /** Processor time of the first plan: on a busy machine closer to the truth than the clock. */
  readonly firstCpuMillis: number
  /** Heap in use after the first plan beyond that before it, and the process's largest resident set, in MiB. */
  readonly heapMebibytes: number
  readonly residentMebibytes: number
}

const mebibyte = 2 ** 20

const timed = <A>(run: () => A): readonly [A, number] => {
  const began = performance.now()
  const value = run()
  return [value, performance.now() - began]
}

/** Processor time of the whole process, the garbage collector's threads included. */
const cpuMillis = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

export const measure = (size: Instances.Size, later: number): Measured => {
  const snapshot = Instances.make(size)
  globalThis.gc?.()
  const heapBefore = process.memoryUsage().heapUsed
  const cpuBefore = cpuMillis()
  const [plan, firstMillis] = timed(() => Planner.plan(snapshot))
  const firstCpuMillis = cpuMillis() - cpuBefore
  const heapMebibytes = (process.memoryUsage().heapUsed - heapBefore) / mebibyte
  const times = Array.from({ length: later }, () => timed(() => Planner.plan(snapshot))[1])
  return {
    ...size,
    services: snapshot.services.length,
    moves: plan.moves.length,
    proved: plan.bound?.proved === true,
    nodeSkewBefore: plan.balanceBefore.nodeSkew,
    nodeSkewAfter: plan.balanceAfter.nodeSkew,
    tasksReached: plan.bound?.reached.tasks ?? 0,
    tasksBound: plan.bound?.lowerBound.tasks ?? 0,
    fewestMoves: plan.bound?.fewestMoves ?? 0,
    firstMillis,
    firstCpuMillis,
    laterMillis: median(times),
    heapMebibytes,
    residentMebibytes: process.resourceUsage().maxRSS / 1024
  }
}
