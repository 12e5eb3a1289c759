/**
 * One task of three crashes again and again: it serves for a moment, dies with everything it had open, is still named by the
 * feed for 300 ms, and comes back as another task a second later.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { none, told } from "../../Verdict.ts"
import { Load } from "../Load.ts"
import type { Scenario } from "../Scenario.ts"
import { Task } from "../Task.ts"

export const crashLoop: Scenario = {
  name: "crash-loop",
  about: "a task of three crashes again and again",
  run: async (bed, { quick, rate }) => {
    const steady = await Promise.all(
      [1, 2].map((number) =>
        new Task({ name: `steady-${number}`, node: `node-${number}`, host: `127.0.3.${number}` }).start()
      )
    )
    bed.afterwards(() => steady.forEach((task) => task.crash()))
    const tell = (third: Task | null) =>
      bed.setReplicas([...steady, ...(third === null ? [] : [third])].map((task) => ({ task, state: "ready" })))
    tell(null)
    await bed.routerKnows(2)
    const load = new Load(bed.port, rate)
    const crashes = quick ? 4 : 20
    for (let i = 0; i < crashes; i++) {
      const task = await new Task({ name: `crashing-${i}`, node: "node-3", host: "127.0.3.3" }).start()
      tell(task)
      await sleep(200 + (i % 4) * 150)
      task.crash()
      await sleep(300)
      tell(null)
      await sleep(1_000)
    }
    await load.stop()
    const { apart, lost, retried, sent } = load.counts
    return {
      measures: [
        none("lost requests", lost),
        told("failed, not counted as lost", apart),
        told("crashes", crashes),
        told("sent", sent),
        told("tried more than once", retried)
      ],
      failures: load.failures
    }
  }
}
