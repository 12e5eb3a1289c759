/** `/tasks`: lists with the engine's filters, written in chunks, and inspection (moby `daemon/cluster/tasks.go`). */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { isTaskDirty } from "@evenkeel/domain/rules/Dirtiness"
import { toNode, WireNode } from "@evenkeel/swarm-client/WireNode"
import { type RawService, toService, WireService } from "@evenkeel/swarm-client/WireService"
import { toTask, WireTask } from "@evenkeel/swarm-client/WireTask"
import { textAt, textsAt, withRoundedNumbers } from "../swarm/Json.ts"
import type { EngineJson, SwarmPort } from "../swarm/SwarmPort.ts"
import * as Answer from "./Answer.ts"
import { managed } from "./Engine.ts"
import { EngineRefusal } from "./EngineRefusal.ts"
import { idOf } from "./EngineText.ts"
import { Filters } from "./Filters.ts"
import { find } from "./Lookup.ts"
import { type Handler, type Route, route } from "./Route.ts"
import { taskName } from "./TaskName.ts"

const states = [
  "new",
  "pending",
  "assigned",
  "accepted",
  "preparing",
  "ready",
  "starting",
  "running",
  "complete",
  "shutdown",
  "failed",
  "rejected",
  "remove",
  "orphaned"
]

const accept = [
  "name",
  "id",
  "label",
  "service",
  "node",
  "desired-state",
  // Not for users: clients watch a rollout's progress by it.
  "_up-to-date",
  "runtime"
]

const list: Handler = (request, engine) => {
  const swarm = managed(engine)
  const filters = Filters.parse(request.query.get("filters")).accept(...accept)
  const services = filters.get("service").map((input) => idOf(find(swarm, "service", input)))
  const nodes = filters.get("node").map((input) => idOf(find(swarm, "node", input)))
  const wanted = filters.get("desired-state").map((word) => word.toLowerCase())
  for (const word of wanted)
    if (word !== "" && !states.includes(word)) throw new EngineRefusal(500, `Invalid desired-state filter: '${word}'`)
  const desired = wanted.filter((word) => word !== "")
  const isContainer = filters.equals("runtime", "container") || filters.equals("runtime", "")
  // What lists are mostly asked for needs no values of the tasks.
  if (!["name", "id", "label", "_up-to-date", "runtime"].some((key) => filters.has(key)))
    return Answer.listOfTexts(swarm.taskTexts({ services, nodes, desired }))
  const isCurrent = filters.get("_up-to-date").length > 0 ? upToDate(swarm) : () => true
  const candidates = services.length > 0 ? services.flatMap((id) => swarm.tasksOf(id)) : swarm.list("task")
  const tasks = candidates.filter(
    (task) =>
      isContainer &&
      (nodes.length === 0 || nodes.includes(textAt(task, "NodeID"))) &&
      (desired.length === 0 || desired.includes(textAt(task, "DesiredState"))) &&
      filters.prefixes("id", idOf(task)) &&
      (!filters.has("name") || filters.prefixes("name", taskName(swarm, task))) &&
      (!filters.has("label") ||
        filters.labels("label", textsAt(swarm.get("service", textAt(task, "ServiceID")), "Spec", "Labels"))) &&
      isCurrent(task)
  )
  return Answer.list(tasks)
}

const decodeTask = Schema.decodeUnknownEither(WireTask)
const decodeNode = Schema.decodeUnknownEither(WireNode)
const decodeService = Schema.decodeUnknownEither(WireService)

/** Whether a task needs no replacement by its service's update; tasks of removed services are not up to date. */
const upToDate = (swarm: SwarmPort): ((task: EngineJson) => boolean) => {
  const services = new Map<string, ReturnType<typeof toService> | undefined>()
  const serviceOf = (id: string) => {
    if (services.has(id)) return services.get(id)
    const json = withRoundedNumbers(swarm.get("service", id))
    const wire = decodeService(json)
    const service = Either.isRight(wire) ? toService(wire.right, json as RawService, []) : undefined
    services.set(id, service)
    return service
  }
  return (json) => {
    const service = serviceOf(textAt(json, "ServiceID"))
    const task = decodeTask(withRoundedNumbers(json))
    if (service === undefined || Either.isLeft(task)) return false
    const node = decodeNode(withRoundedNumbers(swarm.get("node", textAt(json, "NodeID"))))
    return !isTaskDirty({
      service,
      task: toTask(task.right),
      node: Either.isRight(node) ? toNode(node.right) : undefined
    })
  }
}

const inspect: Handler = (request, engine) => Answer.object(find(managed(engine), "task", request.id))

const logs: Handler = (request, engine) => {
  find(managed(engine), "task", request.id)
  throw new EngineRefusal(501, "the embedded Swarm keeps no logs: its tasks are no containers")
}

export const routes: ReadonlyArray<Route> = [
  route("GET", "/tasks", list),
  route("GET", "/tasks/{id}", inspect),
  route("GET", "/tasks/{id}/logs", logs)
]
