/**
 * What a runtime is told of a task: its addresses and its environment with the templates of `docker service create --env` filled
 * in (`{{.Node.Hostname}}`, `{{.Service.Name}}`, `{{.Task.Slot}}` and their like). A template that is not known stays as it is.
 */
import { listAt, numberAt, textAt } from "./Json.ts"
import type { TaskRecord } from "./Records.ts"
import type { HealthCheck, TaskStart } from "./TaskRuntime.ts"

export const taskStart = (
  task: TaskRecord,
  nodeId: string,
  hostname: string,
  healthCheck: HealthCheck | null
): TaskStart => {
  const { hostPorts, serviceName, spec } = task.template
  return {
    taskId: task.id,
    serviceId: task.serviceId,
    serviceName,
    slot: task.slot,
    nodeId,
    hostname,
    spec,
    // Made when asked for: a runtime in which nothing runs never does.
    get env() {
      return environmentOf(task, nodeId, hostname)
    },
    get addresses() {
      return task.attachments.flatMap(({ addresses, network, networkId }) =>
        addresses.map((address) => ({
          networkId,
          networkName: network.name,
          address: address.split("/", 1)[0] ?? address
        }))
      )
    },
    get hostPorts() {
      return hostPorts.map((port) => ({
        target: numberAt(port, "TargetPort") ?? 0,
        published: numberAt(port, "PublishedPort") ?? 0,
        protocol: textAt(port, "Protocol")
      }))
    },
    healthCheck
  }
}

const environmentOf = (task: TaskRecord, nodeId: string, hostname: string): ReadonlyArray<string> => {
  const { service, serviceName, spec } = task.template
  const place = task.slot === 0 ? nodeId : String(task.slot)
  const values: Readonly<Record<string, string>> = {
    "Node.ID": nodeId,
    "Node.Hostname": hostname,
    "Service.ID": task.serviceId,
    "Service.Name": serviceName,
    "Task.ID": task.id,
    "Task.Name": `${serviceName}.${place}.${task.id}`,
    "Task.Slot": place
  }
  const fill = (text: string): string =>
    text
      .replace(/\{\{\s*\.([A-Za-z.]+)\s*\}\}/g, (whole, name: string) => values[name] ?? whole)
      .replace(/\{\{\s*index\s+\.Service\.Labels\s+"([^"]*)"\s*\}\}/g, (_, name: string) => service.labels[name] ?? "")
  return listAt(spec, "ContainerSpec", "Env").flatMap((item) => (typeof item === "string" ? [fill(item)] : []))
}
