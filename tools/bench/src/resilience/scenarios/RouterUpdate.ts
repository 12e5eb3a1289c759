/**
 * Two routers, on two nodes, are updated again and again, one after the other as `deploy/stack.yml` has it: SIGTERM, and when
 * the old one has ended a new one on the same port; before each round the rebalancer is replaced. Clients know both nodes, and
 * one that is refused a connection asks the other node. A router that has taken a connection must answer what comes by it.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { none, told } from "../../Verdict.ts"
import { Load } from "../Load.ts"
import type { Scenario } from "../Scenario.ts"
import { Task } from "../Task.ts"

export const routerUpdate: Scenario = {
  name: "router-update",
  about: "rolling update of two routers and their rebalancer, 10 times",
  run: async (bed, { quick, rate }) => {
    const tasks = await Promise.all(
      [1, 2, 3].map((number) =>
        new Task({ name: `task-${number}`, node: `node-${number}`, host: `127.0.6.${number}` }).start()
      )
    )
    bed.afterwards(() => tasks.forEach((task) => task.crash()))
    await bed.startRouter()
    bed.setReplicas(tasks.map((task) => ({ task, state: "ready" })))
    await bed.routerKnows(3)
    const load = new Load(
      bed.running.map(({ ports }) => ports.port),
      rate
    )
    let killed = 0
    for (let update = 0; update < (quick ? 2 : 10); update++) {
      await bed.killFeed()
      await sleep(500)
      await bed.reviveFeed()
      for (const router of bed.running.keys()) {
        await sleep(1_000)
        if (!(await bed.replaceRouter(router))) killed++
        await bed.routerKnows(3)
      }
    }
    await load.stop()
    const { apart, lost, ok, refused, retried, sent } = load.counts
    return {
      measures: [
        none("lost requests", lost),
        none("routers that did not end by themselves", killed),
        told("failed, not counted as lost", apart),
        told("refused a connection, and asked the other node", refused),
        told("answered", ok),
        told("sent", sent),
        told("tried more than once", retried)
      ],
      failures: load.failures
    }
  }
}
