/**
 * Stored objects as the Engine API shows them. An object is rendered once for each of its versions: the same value comes back
 * until it is written again. Reads nothing else; who leads the managers is told by the caller.
 */
import { recordAt, textsAt } from "./Json.ts"
import type { Attachment, NetworkRecord, NodeRecord, ServiceRecord, StoredRecord, TaskRecord } from "./Records.ts"
import { tlsInfo } from "./SwarmOptions.ts"
import type { EngineJson } from "./SwarmPort.ts"

/** RFC 3339 with the engine's nine decimals. */
export const timeText = (millis: number): string => {
  const text = new Date(millis).toISOString()
  const nanos = Math.round((millis - Math.floor(millis)) * 1e6)
  return `${text.slice(0, -1)}${String(nanos).padStart(6, "0")}Z`
}

const meta = (record: StoredRecord): EngineJson => ({
  ID: record.id,
  Version: { Index: record.version },
  CreatedAt: timeText(record.createdMillis),
  UpdatedAt: timeText(record.updatedMillis)
})

/** Renders each record once. */
const once = <A extends StoredRecord>(render: (record: A) => EngineJson): ((record: A) => EngineJson) => {
  const known = new WeakMap<A, EngineJson>()
  return (record) => {
    const found = known.get(record)
    if (found !== undefined) return found
    const made = render(record)
    known.set(record, made)
    return made
  }
}

export const service = once<ServiceRecord>((record) => ({
  ...meta(record),
  Spec: record.spec,
  ...(record.previousSpec === null ? {} : { PreviousSpec: record.previousSpec }),
  Endpoint: endpoint(record),
  ...(record.updateStatus === null
    ? {}
    : {
        UpdateStatus: {
          State: record.updateStatus.state,
          StartedAt: timeText(record.updateStatus.startedMillis),
          ...(record.updateStatus.completedMillis === null
            ? {}
            : { CompletedAt: timeText(record.updateStatus.completedMillis) }),
          Message: record.updateStatus.message
        }
      }),
  ...(record.jobStatus === null
    ? {}
    : {
        JobStatus: {
          JobIteration: { Index: record.jobStatus.iteration },
          LastExecution: timeText(record.jobStatus.lastExecutionMillis)
        }
      })
}))

const endpoint = ({ endpoint: given }: ServiceRecord): EngineJson => {
  if (given === null) return { Spec: {} }
  return {
    Spec: given.spec ?? {},
    ...(given.ports.length === 0 ? {} : { Ports: given.ports }),
    ...(given.virtualIps.length === 0
      ? {}
      : { VirtualIPs: given.virtualIps.map(({ networkId, address }) => ({ NetworkID: networkId, Addr: address })) })
  }
}

export const task = once<TaskRecord>((record) => ({
  ...meta(record),
  Labels: {},
  Spec: record.template.spec,
  ServiceID: record.serviceId,
  ...(record.slot === 0 ? {} : { Slot: record.slot }),
  ...(record.nodeId === "" ? {} : { NodeID: record.nodeId }),
  Status: status(record),
  DesiredState: record.desired,
  ...(record.attachments.length === 0 ? {} : { NetworksAttachments: record.attachments.map(attachment) }),
  ...(record.jobIteration === null ? {} : { JobIteration: { Index: record.jobIteration } })
}))

const status = (record: TaskRecord): EngineJson => ({
  Timestamp: timeText(record.stateMillis),
  State: record.state,
  Message: record.message,
  ...(record.error === "" ? {} : { Err: record.error }),
  ...(record.container === null
    ? {}
    : {
        ContainerStatus: {
          ContainerID: record.container.containerId,
          PID: record.container.pid,
          ExitCode: record.container.exitCode
        }
      }),
  PortStatus:
    record.state === "running" && record.template.hostPorts.length > 0 ? { Ports: record.template.hostPorts } : {}
})

const attachment = ({ network: record, addresses }: Attachment): EngineJson => ({
  Network: taskNetwork(record),
  ...(addresses.length === 0 ? {} : { Addresses: addresses })
})

/** A network within a task: SwarmKit's own object, not the one that `GET /networks` shows. */
export const taskNetwork = once<NetworkRecord>((record) => ({
  ...meta(record),
  Spec: {
    Name: record.name,
    Labels: textsAt(record.spec, "Labels"),
    DriverConfiguration: { Name: "overlay" },
    ...(record.isIngress ? { Ingress: true } : {}),
    ...(record.spec["Attachable"] === true ? { Attachable: true } : {}),
    IPAMOptions: { Driver: { Name: "default" } },
    Scope: "swarm"
  },
  DriverState: {
    Name: "overlay",
    Options: { "com.docker.network.driver.overlay.vxlanid_list": String(record.vxlanId) }
  },
  IPAMOptions: { Driver: { Name: "default" }, Configs: [{ Subnet: record.subnet, Gateway: record.gateway }] }
}))

export const network = once<NetworkRecord>((record) => ({
  Name: record.name,
  Id: record.id,
  Created: timeText(record.createdMillis),
  Scope: "swarm",
  Driver: "overlay",
  EnableIPv6: false,
  IPAM: { Driver: "default", Options: null, Config: [{ Subnet: record.subnet, Gateway: record.gateway }] },
  Internal: record.spec["Internal"] === true,
  Attachable: record.spec["Attachable"] === true,
  Ingress: record.isIngress,
  ConfigFrom: { Network: "" },
  ConfigOnly: false,
  Containers: null,
  Options: {
    "com.docker.network.driver.overlay.vxlanid_list": String(record.vxlanId),
    ...textsAt(record.spec, "Options")
  },
  Labels: record.spec["Labels"] ?? null
}))

/** A secret's data is never shown. */
export const secret = once<Extract<StoredRecord, { kind: "secret" }>>((record) => {
  const { Data: _, ...spec } = record.spec
  return { ...meta(record), Spec: { ...spec, Labels: recordAt(spec, "Labels") } }
})

export const config = once<Extract<StoredRecord, { kind: "config" }>>((record) => ({
  ...meta(record),
  Spec: { ...record.spec, Labels: recordAt(record.spec, "Labels") }
}))

/** What the raft group says of a manager; null for workers. */
interface ManagerView {
  readonly leader: boolean
  readonly reachability: "reachable" | "unreachable"
}

interface KnownNode {
  readonly view: EngineJson
  readonly leader: boolean
  readonly reachability: ManagerView["reachability"] | null
}

const knownNodes = new WeakMap<NodeRecord, KnownNode>()

/** Remembered by the record and by the manager's part, which changes without a write. */
export const node = (record: NodeRecord, manager: ManagerView | null): EngineJson => {
  const leader = manager?.leader ?? false
  const reachability = manager?.reachability ?? null
  const known = knownNodes.get(record)
  if (known?.leader === leader && known.reachability === reachability) return known.view
  const view = renderNode(record, manager)
  knownNodes.set(record, { view, leader, reachability })
  return view
}

const renderNode = (record: NodeRecord, manager: ManagerView | null): EngineJson => ({
  ...meta(record),
  Spec: record.spec,
  Description: record.description,
  Status: {
    State: record.state,
    ...(record.message === "" ? {} : { Message: record.message }),
    Addr: record.address
  },
  ...(manager === null
    ? {}
    : {
        ManagerStatus: {
          ...(manager.leader ? { Leader: true } : {}),
          Reachability: manager.reachability,
          Addr: `${record.address}:2377`
        }
      })
})

export const cluster = once<Extract<StoredRecord, { kind: "cluster" }>>((record) => ({
  ...meta(record),
  Spec: record.spec,
  TLSInfo: tlsInfo,
  RootRotationInProgress: false,
  DataPathPort: 4789,
  DefaultAddrPool: null,
  SubnetSize: 24,
  JoinTokens: {
    Worker: `SWMTKN-1-${record.id.repeat(2)}-worker`,
    Manager: `SWMTKN-1-${record.id.repeat(2)}-manager`
  }
}))
