/** The thread that makes the load: an engine behind a message port. Started by `LoadGenerator`, with its options as data. */
import { parentPort, workerData } from "node:worker_threads"
import { LoadEngine, type LoadOptions } from "./LoadEngine.ts"
import type { FromWorker, ToWorker } from "./LoadMessage.ts"

if (parentPort === null) throw new Error("LoadWorker runs as a worker thread; start it by LoadGenerator.start")
const port = parentPort
const engine = new LoadEngine(workerData as LoadOptions)
const answer = (message: FromWorker): void => port.postMessage(message)

port.on("message", (message: ToWorker) => {
  switch (message.type) {
    case "phase":
      engine.beginPhase(message.name)
      break
    case "targets":
      engine.setTargets(message.active, message.dead)
      break
    case "report":
      answer({ id: message.id, report: engine.report() })
      break
    case "stop":
      void engine.stop().then((report) => answer({ id: message.id, report }))
      break
  }
})
