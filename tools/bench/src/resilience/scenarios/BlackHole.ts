/**
 * A node with two tasks of four vanishes under load: nothing there answers any more, and nothing says so. The router has no
 * peer there whose heartbeats it could miss: it has to find out by itself.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { none, told } from "../../Verdict.ts"
import { backToNormalMs, Load, quantileOf } from "../Load.ts"
import type { Scenario } from "../Scenario.ts"
import { startSilentNode } from "../SilentNode.ts"
import { Task } from "../Task.ts"

/** Where the p99 is longer before anything has failed, nothing can be said of what comes after. */
const busyMs = 250

export const blackHole: Scenario = {
  name: "black-hole",
  about: "a node of two goes silent, with half of the tasks",
  run: async (bed, { quick, rate }) => {
    const node = await startSilentNode("silent", "127.0.2.1")
    bed.afterwards(() => node.end())
    const others = [1, 2].map(
      (number) => new Task({ name: `other-${number}`, node: "other", host: `127.0.2.${number + 1}` })
    )
    for (const task of others) {
      await task.start()
      bed.afterwards(() => task.crash())
    }
    const silent = node.ports.map((port, i) => ({ name: `silent-${i + 1}`, node: "silent", host: "127.0.2.1", port }))
    bed.setReplicas([...others, ...silent].map((task) => ({ task, state: "ready" })))
    await bed.routerKnows(4)
    const load = new Load(bed.port, rate)
    const calmMs = quick ? 2_000 : 5_000
    const from = performance.now()
    await sleep(calmMs)
    const at = performance.now()
    node.fallSilent()
    await sleep(quick ? 6_000 : 15_000)
    await load.stop()
    const { apart, lost, sent } = load.counts
    const before = quantileOf(load.times, 0.99, from + calmMs / 2, at)
    const boundMs = Math.max(100, before * 2)
    const recoveredMs = backToNormalMs(load.times, at, boundMs)
    return {
      measures: [
        none("lost requests", lost),
        none("machine too busy to tell (p99 before it above 250 ms)", before <= busyMs ? 0 : 1),
        {
          what: `p99 back below ${boundMs.toFixed(0)} ms`,
          value: recoveredMs ?? Infinity,
          unit: "ms",
          gate: 3_000,
          aim: 1_500
        },
        told("failed, not counted as lost", apart),
        told("sent", sent),
        told("p99 before", before, "ms"),
        told("longest", quantileOf(load.times, 1, at, Infinity), "ms")
      ],
      failures: load.failures
    }
  }
}
