/** The table changes a hundred times a second, in services beside the one that is loaded and in its own, with open streams. */
import { setTimeout as sleep } from "node:timers/promises"
import { none, told } from "../../Verdict.ts"
import { Load } from "../Load.ts"
import type { Scenario } from "../Scenario.ts"
import { Streams } from "../Streams.ts"
import { Task } from "../Task.ts"

const openStreams = 100
const changesPerSecond = 100

export const tableChanges: Scenario = {
  name: "table-changes",
  about: "100 table changes a second with 100 open streams",
  run: async (bed, { quick, rate }) => {
    const tasks = await Promise.all(
      [1, 2, 3].map((number) =>
        new Task({ name: `task-${number}`, node: `node-${number}`, host: `127.0.5.${number}` }).start()
      )
    )
    bed.afterwards(() => tasks.forEach((task) => task.crash()))
    const replicas = tasks.map((task) => ({ task, state: "ready" as const }))
    bed.setReplicas(replicas)
    await bed.routerKnows(3)
    const streams = new Streams()
    await streams.start(bed.port, openStreams)
    const load = new Load(bed.port, rate)
    const changes = (quick ? 3 : 20) * changesPerSecond
    const from = performance.now()
    for (let i = 0; i < changes; i++) {
      const port = 1 + (i % 60_000)
      if (i % 10 === 0)
        bed.setReplicas(replicas.toSpliced(i % 3, 1, ...(i % 20 === 0 ? [] : replicas.slice(i % 3, (i % 3) + 1))))
      bed.setOthers([
        { name: "beside", host: "beside", tasks: [{ task: `beside-${i}`, node: "node-1", host: "127.0.5.9", port }] }
      ])
      await sleep(Math.max(0, from + ((i + 1) * 1_000) / changesPerSecond - performance.now()))
    }
    const tookMs = performance.now() - from
    const broken = streams.broken
    const { echoes } = streams
    await load.stop()
    streams.stop()
    const { apart, lost, sent } = load.counts
    return {
      measures: [
        none("lost requests", lost),
        none("streams broken", broken),
        told("failed, not counted as lost", apart),
        told("changes a second", Math.round((changes * 1_000) / tookMs)),
        told("echoes on streams", echoes),
        told("sent", sent)
      ],
      failures: load.failures
    }
  }
}
