/**
 * A task's JSON text straight from its record, the same text that `EngineView.task` written out would be. What tasks have in
 * common (their template's spec, their networks, times) is written once, and nothing is kept of the task itself: a list of
 * 100,000 tasks is some text under way and no values.
 */
import * as EngineView from "./EngineView.ts"
import type { Attachment, NetworkRecord, TaskRecord, Template } from "./Records.ts"
import type { EngineJson } from "./SwarmPort.ts"

const once = <A extends object>(render: (value: A) => string): ((value: A) => string) => {
  const known = new WeakMap<A, string>()
  return (value) => {
    const found = known.get(value)
    if (found !== undefined) return found
    const text = render(value)
    known.set(value, text)
    return text
  }
}

const specText = once<EngineJson>((spec) => JSON.stringify(spec))
const networkText = once<NetworkRecord>((network) => JSON.stringify(EngineView.taskNetwork(network)))
const hostPortsText = once<Template["hostPorts"]>((ports) => JSON.stringify({ Ports: ports }))

/** Tasks of one commit share their times. */
const mostTimes = 1_000
const times = new Map<number, string>()

const time = (millis: number): string => {
  const known = times.get(millis)
  if (known !== undefined) return known
  if (times.size >= mostTimes) times.clear()
  const text = EngineView.timeText(millis)
  times.set(millis, text)
  return text
}

/** As `GET /tasks/{id}` gives it. */
export const write = (task: TaskRecord): string =>
  `{"ID":"${task.id}","Version":{"Index":${task.version}}` +
  `,"CreatedAt":"${time(task.createdMillis)}","UpdatedAt":"${time(task.updatedMillis)}"` +
  `,"Labels":{},"Spec":${specText(task.template.spec)},"ServiceID":"${task.serviceId}"` +
  (task.slot === 0 ? "" : `,"Slot":${task.slot}`) +
  (task.nodeId === "" ? "" : `,"NodeID":"${task.nodeId}"`) +
  `,"Status":${status(task)},"DesiredState":"${task.desired}"` +
  (task.attachments.length === 0 ? "" : `,"NetworksAttachments":[${task.attachments.map(attachment).join()}]`) +
  (task.jobIteration === null ? "}" : `,"JobIteration":{"Index":${task.jobIteration}}}`)

const status = ({ container, error, message, state, stateMillis, template }: TaskRecord): string =>
  `{"Timestamp":"${time(stateMillis)}","State":"${state}","Message":${JSON.stringify(message)}` +
  (error === "" ? "" : `,"Err":${JSON.stringify(error)}`) +
  (container === null
    ? ""
    : `,"ContainerStatus":{"ContainerID":"${container.containerId}","PID":${container.pid},"ExitCode":${container.exitCode}}`) +
  `,"PortStatus":${state === "running" && template.hostPorts.length > 0 ? hostPortsText(template.hostPorts) : "{}"}}`

const attachment = ({ addresses, network }: Attachment): string =>
  `{"Network":${networkText(network)}${addresses.length === 0 ? "" : `,"Addresses":${JSON.stringify(addresses)}`}}`
