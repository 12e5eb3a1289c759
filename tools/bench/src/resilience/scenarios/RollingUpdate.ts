/**
 * A service of three replicas is updated again and again, one task at a time, as Swarm does it: the task's desired state
 * changes, two seconds later it gets SIGTERM, and when it is gone another starts in its place. The feed is 300 ms behind.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { none, told } from "../../Verdict.ts"
import { Load } from "../Load.ts"
import type { Scenario } from "../Scenario.ts"
import { Task } from "../Task.ts"

const replicas = 3
const feedDelayMs = 300
const windowMs = 2_000
/** Swarm's default grace between SIGTERM and SIGKILL. */
const graceMs = 10_000

export const rollingUpdate: Scenario = {
  name: "rolling-update",
  about: "rolling update of three replicas, 20 times",
  run: async (bed, { quick, rate }) => {
    const updates = quick ? 2 : 20
    let generation = 0
    const make = async (slot: number): Promise<Task> => {
      const host = `127.0.1.${slot + 1}`
      return new Task({ name: `web.${slot}.${generation++}`, node: `node-${slot}`, host }).start()
    }
    const running = await Promise.all(Array.from({ length: replicas }, (_, slot) => make(slot)))
    bed.afterwards(() => running.forEach((task) => task.crash()))
    const tell = (leaving: Task | null) =>
      bed.setReplicas(running.map((task) => ({ task, state: task === leaving ? "draining" : "ready" })))
    tell(null)
    await bed.routerKnows(replicas)
    const load = new Load(bed.port, rate)
    for (let update = 0; update < updates; update++) {
      for (let slot = 0; slot < replicas; slot++) {
        const leaving = running[slot]
        if (leaving === undefined) continue
        const marked = sleep(feedDelayMs).then(() => tell(leaving))
        await sleep(windowMs)
        await marked
        await leaving.stop(graceMs)
        running[slot] = await make(slot)
        await sleep(feedDelayMs)
        tell(null)
      }
    }
    await load.stop()
    const { apart, lost, ok, retried, sent } = load.counts
    return {
      measures: [
        none("lost requests", lost),
        told("failed, not counted as lost", apart),
        told("answered", ok),
        told("sent", sent),
        told("tried more than once", retried)
      ],
      failures: load.failures
    }
  }
}
