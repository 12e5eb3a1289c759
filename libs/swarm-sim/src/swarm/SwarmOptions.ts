/** How a simulated Swarm begins: its nodes, its clock, its chance, and what its engines say of themselves. */
import type { Choices } from "./Choices.ts"
import type { Timings } from "./Machine.ts"
import type { EngineJson } from "./SwarmPort.ts"
import type { MakeRuntime } from "./TaskRuntime.ts"

export interface NodeOptions {
  /** Default: `n1`, `n2`, … */
  readonly hostname?: string
  /** Default: manager for the first `managers` nodes. */
  readonly role?: "manager" | "worker"
  readonly labels?: Readonly<Record<string, string>>
  readonly engineLabels?: Readonly<Record<string, string>>
  readonly nanoCpus?: number
  readonly memoryBytes?: number
  readonly os?: string
  readonly architecture?: string
  readonly address?: string
}

export interface SwarmOptions {
  /** A number, or one entry for each node. Default 3. */
  readonly nodes?: number | ReadonlyArray<NodeOptions>
  /** Default: as many as there are nodes, up to 3. */
  readonly managers?: number
  /** Hostname of the manager that leads at first. Default: the first. */
  readonly leader?: string
  readonly seed?: number
  /** Milliseconds since the epoch. Default 2026-01-01. */
  readonly startMillis?: number
  readonly heartbeatMillis?: number
  readonly taskHistoryLimit?: number
  readonly engineVersion?: string
  /** Default: states only (`VirtualRuntime`). */
  readonly runtime?: MakeRuntime
  readonly choices?: Choices
  readonly timings?: Partial<Timings>
  /** Where networks get their subnets from. Default `10.0.0.0/8`, each `/24`. */
  readonly addressPool?: { readonly pool: string; readonly bits: number }
}

const defaultNanoCpus = 2e9
const defaultMemoryBytes = 8 * 1024 ** 3

/** Plugins of a stock engine. */
const plugins = [
  ...["awslogs", "fluentd", "gcplogs", "gelf", "journald", "json-file", "local", "logentries", "splunk", "syslog"].map(
    (Name) => ({ Type: "Log", Name })
  ),
  ...["bridge", "host", "ipvlan", "macvlan", "null", "overlay"].map((Name) => ({ Type: "Network", Name })),
  { Type: "Volume", Name: "local" }
]

/** Of the shape of the engine's; nothing here is encrypted. */
export const tlsInfo = {
  TrustRoot: "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
  CertIssuerSubject: Buffer.from("swarm-ca").toString("base64"),
  CertIssuerPublicKey: Buffer.from("simulated").toString("base64")
}

export interface FirstNode {
  readonly hostname: string
  readonly spec: EngineJson
  readonly description: EngineJson
  readonly address: string
}

/** The nodes as they join, managers first to last. */
export const firstNodes = (options: SwarmOptions): ReadonlyArray<FirstNode> => {
  const { nodes = 3 } = options
  const listed = typeof nodes === "number" ? Array.from({ length: nodes }, (): NodeOptions => ({})) : nodes
  const managers = options.managers ?? Math.min(3, listed.length)
  return listed.map((node, i) => {
    const hostname = node.hostname ?? `n${i + 1}`
    return {
      hostname,
      address: node.address ?? `10.77.${Math.floor((i + 11) / 250)}.${((i + 10) % 250) + 1}`,
      spec: {
        Labels: node.labels ?? {},
        Role: node.role ?? (i < managers ? "manager" : "worker"),
        Availability: "active"
      },
      description: {
        Hostname: hostname,
        Platform: { Architecture: node.architecture ?? "x86_64", OS: node.os ?? "linux" },
        Resources: {
          NanoCPUs: node.nanoCpus ?? defaultNanoCpus,
          MemoryBytes: node.memoryBytes ?? defaultMemoryBytes
        },
        Engine: {
          EngineVersion: options.engineVersion ?? "20.10.24",
          ...(node.engineLabels === undefined ? {} : { Labels: node.engineLabels }),
          Plugins: plugins
        },
        TLSInfo: tlsInfo
      }
    }
  })
}

/** The Swarm's own spec, with the engine's defaults. */
export const clusterSpec = ({ heartbeatMillis = 5000, taskHistoryLimit = 5 }: SwarmOptions): EngineJson => ({
  Name: "default",
  Labels: {},
  Orchestration: { TaskHistoryRetentionLimit: taskHistoryLimit },
  Raft: {
    SnapshotInterval: 10_000,
    KeepOldSnapshots: 0,
    LogEntriesForSlowFollowers: 500,
    ElectionTick: 10,
    HeartbeatTick: 1
  },
  Dispatcher: { HeartbeatPeriod: heartbeatMillis * 1e6 },
  CAConfig: { NodeCertExpiry: 90 * 86_400 * 1e9 },
  TaskDefaults: {},
  EncryptionConfig: { AutoLockManagers: false }
})
