/**
 * Every rebalancer dies; meanwhile a task crashes, which nobody can tell the router. Then a rebalancer comes back with a table
 * of its own, and the router follows it.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { none, told } from "../../Verdict.ts"
import { Load } from "../Load.ts"
import type { Scenario } from "../Scenario.ts"
import { Task } from "../Task.ts"

export const noRebalancer: Scenario = {
  name: "no-rebalancer",
  about: "every rebalancer killed, and a task dies meanwhile",
  run: async (bed, { quick, rate }) => {
    const tasks = await Promise.all(
      [1, 2, 3].map((number) =>
        new Task({ name: `task-${number}`, node: `node-${number}`, host: `127.0.4.${number}` }).start()
      )
    )
    bed.afterwards(() => tasks.forEach((task) => task.crash()))
    bed.setReplicas(tasks.map((task) => ({ task, state: "ready" })))
    await bed.routerKnows(3)
    const load = new Load(bed.port, rate)
    await sleep(1_000)
    await bed.killFeed()
    await sleep(quick ? 3_000 : 15_000)
    const [dead, ...left] = tasks
    dead?.crash()
    await sleep(quick ? 3_000 : 15_000)
    bed.setReplicas(left.map((task) => ({ task, state: "ready" })))
    await bed.reviveFeed()
    await bed.routerKnows(2)
    await sleep(1_000)
    const connected = await bed.routersConnected()
    await load.stop()
    const { apart, lost, retried, sent } = load.counts
    return {
      measures: [
        none("lost requests", lost),
        none("routers that did not come back to the feed", 1 - connected),
        told("failed, not counted as lost", apart),
        told("sent", sent),
        told("tried more than once", retried)
      ],
      failures: load.failures
    }
  }
}
