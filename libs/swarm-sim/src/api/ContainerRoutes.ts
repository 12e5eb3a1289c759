/**
 * `/containers`: the tasks of the node that is asked, as its containers. Names and labels are those that dockerd gives the
 * containers of tasks (moby `daemon/cluster/executor/container/container.go`). Nothing can be done with them.
 */
import { createHash } from "node:crypto"
import { at, numberAt, textAt, textsAt } from "../swarm/Json.ts"
import type { EngineJson } from "../swarm/SwarmPort.ts"
import * as Answer from "./Answer.ts"
import { type Engine, ownNode } from "./Engine.ts"
import { EngineRefusal } from "./EngineRefusal.ts"
import { idOf } from "./EngineText.ts"
import { Filters } from "./Filters.ts"
import { flagOf, type Handler, type Route, route } from "./Route.ts"
import { taskName } from "./TaskName.ts"

const containerId = (task: EngineJson): string => textAt(task, "Status", "ContainerStatus", "ContainerID")

/** Images are not there; each name passes for one. */
const imageIdOf = (image: string): string => `sha256:${createHash("sha256").update(image).digest("hex")}`

/** Tasks of this node that have a container. */
export const tasksHere = ({ nodeId, swarm }: Engine): ReadonlyArray<EngineJson> =>
  swarm.list("task").filter((task) => textAt(task, "NodeID") === nodeId && containerId(task) !== "")

const labelsOf = (engine: Engine, task: EngineJson): Readonly<Record<string, string>> => {
  const service = engine.swarm.get("service", textAt(task, "ServiceID"))
  return {
    ...textsAt(task, "Spec", "ContainerSpec", "Labels"),
    "com.docker.swarm.node.id": engine.nodeId,
    "com.docker.swarm.service.id": textAt(task, "ServiceID"),
    "com.docker.swarm.service.name": textAt(service, "Spec", "Name"),
    "com.docker.swarm.task": "",
    "com.docker.swarm.task.id": idOf(task),
    "com.docker.swarm.task.name": taskName(engine.swarm, task)
  }
}

/** `created`, `running` or `exited`: a container as the engine names its state. */
const stateOf = (task: EngineJson): string => {
  const state = textAt(task, "Status", "State")
  if (state === "running" || state === "starting") return "running"
  return state === "ready" || state === "preparing" ? "created" : "exited"
}

const secondsSince = (engine: Engine, time: string): number =>
  Math.max(0, Math.floor((engine.swarm.nowMillis() - Date.parse(time)) / 1000))

/** `Up 3 minutes`. */
const statusText = (engine: Engine, task: EngineJson): string => {
  const seconds = secondsSince(engine, textAt(task, "Status", "Timestamp"))
  const age =
    seconds < 60
      ? `${seconds} seconds`
      : seconds < 3600
        ? `${Math.floor(seconds / 60)} minutes`
        : `${Math.floor(seconds / 3600)} hours`
  const state = stateOf(task)
  if (state === "running") return `Up ${age}`
  if (state === "created") return "Created"
  return `Exited (${numberAt(task, "Status", "ContainerStatus", "ExitCode") ?? 0}) ${age} ago`
}

const networksOf = (task: EngineJson): EngineJson => {
  const attachments = at(task, "NetworksAttachments")
  if (!Array.isArray(attachments)) return {}
  return Object.fromEntries(
    attachments.map((attachment: unknown) => {
      const addresses = at(attachment, "Addresses")
      const [address = ""] = Array.isArray(addresses) ? addresses.map(String) : []
      const [ip = "", prefix = "0"] = address.split("/")
      return [
        textAt(attachment, "Network", "Spec", "Name"),
        { NetworkID: textAt(attachment, "Network", "ID"), IPAddress: ip, IPPrefixLen: Number(prefix) }
      ]
    })
  )
}

const summary = (engine: Engine, task: EngineJson): EngineJson => {
  const image = textAt(task, "Spec", "ContainerSpec", "Image")
  return {
    Id: containerId(task),
    Names: [`/${taskName(engine.swarm, task)}`],
    Image: image,
    ImageID: imageIdOf(image),
    Command: "",
    Created: Math.floor(Date.parse(textAt(task, "CreatedAt")) / 1000),
    Ports: [],
    Labels: labelsOf(engine, task),
    State: stateOf(task),
    Status: statusText(engine, task),
    HostConfig: { NetworkMode: "default" },
    NetworkSettings: { Networks: networksOf(task) },
    Mounts: []
  }
}

const list: Handler = (request, engine) => {
  const filters = Filters.parse(request.query.get("filters"))
  const isAll = flagOf(request, "all") || filters.has("status")
  const limit = Number(request.query.get("limit") ?? "-1")
  const containers = tasksHere(engine)
    .filter((task) => isAll || stateOf(task) === "running")
    .filter(
      (task) =>
        filters.prefixes("id", containerId(task)) &&
        filters.matches("name", taskName(engine.swarm, task)) &&
        filters.labels("label", labelsOf(engine, task)) &&
        filters.equals("status", stateOf(task))
    )
    .toReversed()
  return Answer.json((limit > 0 ? containers.slice(0, limit) : containers).map((task) => summary(engine, task)))
}

const findTask = (engine: Engine, input: string): EngineJson => {
  const found = tasksHere(engine).find(
    (task) => containerId(task).startsWith(input) || taskName(engine.swarm, task) === input.replace(/^\//, "")
  )
  if (found === undefined) throw new EngineRefusal(404, `No such container: ${input}`)
  return found
}

const inspect: Handler = (request, engine) => {
  const task = findTask(engine, request.id)
  const state = stateOf(task)
  const hasHealthCheck = at(task, "Spec", "ContainerSpec", "Healthcheck") !== undefined
  return Answer.json({
    Id: containerId(task),
    Created: textAt(task, "CreatedAt"),
    Name: `/${taskName(engine.swarm, task)}`,
    State: {
      Status: state,
      Running: state === "running",
      Paused: false,
      Restarting: false,
      Pid: numberAt(task, "Status", "ContainerStatus", "PID") ?? 0,
      ExitCode: numberAt(task, "Status", "ContainerStatus", "ExitCode") ?? 0,
      StartedAt: textAt(task, "Status", "Timestamp"),
      ...(hasHealthCheck
        ? { Health: { Status: textAt(task, "Status", "State") === "running" ? "healthy" : "starting" } }
        : {})
    },
    Image: imageIdOf(textAt(task, "Spec", "ContainerSpec", "Image")),
    Config: {
      Hostname: textAt(ownNode(engine), "Description", "Hostname"),
      Image: textAt(task, "Spec", "ContainerSpec", "Image"),
      Env: at(task, "Spec", "ContainerSpec", "Env") ?? [],
      Labels: labelsOf(engine, task)
    },
    NetworkSettings: { Networks: networksOf(task) },
    Mounts: []
  })
}

export const routes: ReadonlyArray<Route> = [
  route("GET", "/containers/json", list),
  route("GET", "/containers/{id}/json", inspect)
]
