/** Engine JSON for tests: objects as dockerd writes them, with the fields that matter as parameters. */

/** An object of the Engine API before it is text. */
export type WireObject = Record<string, unknown>

const at = "2026-01-02T03:04:05.123456789Z"

export interface NodeSample {
  readonly id: string
  readonly hostname?: string
  readonly index?: number
  readonly role?: "worker" | "manager"
  readonly availability?: "active" | "pause" | "drain"
  readonly state?: string
  readonly leader?: boolean
  readonly labels?: Record<string, string>
}

/** Defaults: an active, ready manager that does not lead. */
export const wireNode = (sample: NodeSample): WireObject => {
  const role = sample.role ?? "manager"
  const address = "10.9.0.1"
  return {
    ID: sample.id,
    Version: { Index: sample.index ?? 10 },
    CreatedAt: at,
    UpdatedAt: at,
    Spec: { Labels: sample.labels ?? {}, Role: role, Availability: sample.availability ?? "active" },
    Description: {
      Hostname: sample.hostname ?? sample.id,
      Platform: { Architecture: "x86_64", OS: "linux" },
      Resources: { NanoCPUs: 2_000_000_000, MemoryBytes: 4_000_000_000 },
      Engine: { EngineVersion: "20.10.24", Plugins: [{ Type: "Network", Name: "overlay" }] }
    },
    Status: { State: sample.state ?? "ready", Addr: address },
    ...(role === "manager"
      ? {
          ManagerStatus: {
            ...(sample.leader === true ? { Leader: true } : {}),
            Reachability: "reachable",
            Addr: `${address}:2377`
          }
        }
      : {})
  }
}

export interface ServiceSample {
  readonly id: string
  readonly name?: string
  readonly index?: number
  /** Null for a global service. */
  readonly replicas?: number | null
  readonly labels?: Record<string, string>
  readonly constraints?: ReadonlyArray<string>
  readonly updateState?: string
}

/** Defaults: one replica of a container without mounts, ports and networks. */
export const wireService = (sample: ServiceSample): WireObject => ({
  ID: sample.id,
  Version: { Index: sample.index ?? 20 },
  CreatedAt: at,
  UpdatedAt: at,
  Spec: {
    Name: sample.name ?? sample.id,
    Labels: sample.labels ?? {},
    TaskTemplate: {
      ContainerSpec: { Image: "vvm:1" },
      // As the docker command writes it: an empty one too.
      Placement: sample.constraints === undefined ? {} : { Constraints: sample.constraints },
      ForceUpdate: 0,
      Runtime: "container"
    },
    Mode: sample.replicas === null ? { Global: {} } : { Replicated: { Replicas: sample.replicas ?? 1 } },
    EndpointSpec: { Mode: "vip" }
  },
  Endpoint: { Spec: {} },
  ...(sample.updateState === undefined ? {} : { UpdateStatus: { State: sample.updateState, StartedAt: at } })
})

export interface TaskSample {
  readonly id: string
  readonly service: string
  readonly node?: string
  readonly index?: number
  readonly slot?: number
  readonly state?: string
  readonly desired?: string
  /** With prefix length: `10.0.1.8/24`. */
  readonly address?: string
}

/** Defaults: running and wanted so, without an address. */
export const wireTask = (sample: TaskSample): WireObject => ({
  ID: sample.id,
  Version: { Index: sample.index ?? 30 },
  CreatedAt: at,
  UpdatedAt: at,
  Labels: {},
  Spec: { ContainerSpec: { Image: "vvm:1" }, ForceUpdate: 0, Runtime: "container" },
  ServiceID: sample.service,
  ...(sample.slot === undefined ? { Slot: 1 } : { Slot: sample.slot }),
  ...(sample.node === undefined ? {} : { NodeID: sample.node }),
  Status: {
    Timestamp: at,
    State: sample.state ?? "running",
    Message: "started",
    ContainerStatus: { ContainerID: `container-of-${sample.id}`, PID: 42, ExitCode: 0 },
    PortStatus: {}
  },
  DesiredState: sample.desired ?? "running",
  ...(sample.address === undefined
    ? {}
    : {
        NetworksAttachments: [{ Network: { ID: "net1", Spec: { Name: "app_default" } }, Addresses: [sample.address] }]
      })
})

export const wireNetwork = (id: string, name: string, driver = "overlay"): WireObject => ({
  Id: id,
  Name: name,
  Created: at,
  Driver: driver,
  Scope: driver === "overlay" ? "swarm" : "local",
  Ingress: false
})
