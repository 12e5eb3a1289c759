/** `/_ping`, `/version`, `/info`: what the engine says of itself and of its place in the Swarm (moby `daemon/info.go`). */
import { createHash } from "node:crypto"
import { at, isRecord, numberAt, textAt } from "../swarm/Json.ts"
import type { EngineJson } from "../swarm/SwarmPort.ts"
import * as Answer from "./Answer.ts"
import { type Engine, ownNode } from "./Engine.ts"
import { noLeader } from "./EngineRefusal.ts"
import { idOf, objectsAt } from "./EngineText.ts"
import { type Handler, type Route, route } from "./Route.ts"
import { tasksHere } from "./ContainerRoutes.ts"

const kernel = "6.8.0-embedded"
const goVersion = "go1.24"

const ping: Handler = (_, { nodeId, swarm }) => ({
  ...Answer.text("OK"),
  headers: {
    "Builder-Version": "2",
    "Cache-Control": "no-cache, no-store, must-revalidate",
    Pragma: "no-cache",
    Swarm: swarm.isManager(nodeId) ? "active/manager" : "active/worker"
  }
})

/** Architectures as Go names them, where a node names them as the kernel does. */
const goArchitecture = (engine: Engine): string => {
  const architecture = textAt(ownNode(engine), "Description", "Platform", "Architecture")
  return { x86_64: "amd64", aarch64: "arm64" }[architecture] ?? (architecture || "amd64")
}

const version: Handler = (_, engine) => {
  const { apiVersion, engineVersion, minApiVersion } = engine.identity
  const created = new Date(engine.swarm.nowMillis()).toISOString()
  const details = {
    ApiVersion: apiVersion,
    Arch: goArchitecture(engine),
    BuildTime: textAt(ownNode(engine), "CreatedAt") || created,
    Experimental: "false",
    GitCommit: "embedded",
    GoVersion: goVersion,
    KernelVersion: kernel,
    MinAPIVersion: minApiVersion,
    Os: "linux"
  }
  return Answer.json({
    Platform: { Name: "Evenkeel embedded Swarm" },
    Components: [{ Name: "Engine", Version: engineVersion, Details: details }],
    Version: engineVersion,
    ApiVersion: apiVersion,
    MinAPIVersion: minApiVersion,
    GitCommit: details.GitCommit,
    GoVersion: goVersion,
    Os: "linux",
    Arch: details.Arch,
    KernelVersion: kernel,
    BuildTime: details.BuildTime
  })
}

const managerPort = 2377

const addressOf = (node: EngineJson): string =>
  textAt(node, "ManagerStatus", "Addr") || `${textAt(node, "Status", "Addr")}:${managerPort}`

/** `Swarm` of `GET /info` (moby `daemon/cluster/swarm.go:Info`). */
const swarmInfo = (engine: Engine): EngineJson => {
  const { nodeId, swarm } = engine
  const nodes = swarm.list("node")
  const managers = nodes.filter((node) => swarm.isManager(idOf(node)))
  const base = {
    NodeID: nodeId,
    NodeAddr: textAt(ownNode(engine), "Status", "Addr"),
    LocalNodeState: ownNode(engine) === undefined ? "error" : "active"
  }
  const RemoteManagers = managers.map((node) => ({ NodeID: idOf(node), Addr: addressOf(node) }))
  if (!swarm.isManager(nodeId)) return { ...base, ControlAvailable: false, Error: "", RemoteManagers }
  const hasLeader = swarm.leader() !== null && swarm.isReachable(nodeId)
  const { JoinTokens: _, ...cluster } = swarm.swarm()
  return {
    ...base,
    ControlAvailable: true,
    Error: hasLeader ? "" : noLeader().message,
    RemoteManagers,
    ...(hasLeader ? { Nodes: nodes.length, Managers: managers.length } : {}),
    Cluster: cluster
  }
}

const plugins = (engine: Engine): EngineJson => {
  const found = objectsAt(ownNode(engine), "Description", "Engine", "Plugins")
  const names = (type: string) => found.filter((it) => textAt(it, "Type") === type).map((it) => textAt(it, "Name"))
  const orElse = (list: ReadonlyArray<string>, fallback: ReadonlyArray<string>) => (list.length > 0 ? list : fallback)
  return {
    Volume: orElse(names("Volume"), ["local"]),
    Network: orElse(names("Network"), ["bridge", "host", "overlay"]),
    Authorization: null,
    Log: orElse(names("Log"), ["json-file"])
  }
}

const labelsOf = (engine: Engine): ReadonlyArray<string> => {
  const labels = at(ownNode(engine), "Description", "Engine", "Labels")
  return isRecord(labels) ? Object.entries(labels).map(([key, value]) => `${key}=${String(value)}`) : []
}

const info: Handler = (_, engine) => {
  const node = ownNode(engine)
  const running = tasksHere(engine).filter((task) => textAt(task, "Status", "State") === "running").length
  const all = tasksHere(engine).length
  const empty = { ID: "", Expected: "" }
  return Answer.json({
    ID: createHash("sha256").update(engine.nodeId).digest("hex").slice(0, 36),
    Containers: all,
    ContainersRunning: running,
    ContainersPaused: 0,
    ContainersStopped: all - running,
    Images: 0,
    Driver: "embedded",
    DriverStatus: [],
    Plugins: plugins(engine),
    MemoryLimit: true,
    SwapLimit: true,
    CpuCfsPeriod: true,
    CpuCfsQuota: true,
    CPUShares: true,
    CPUSet: true,
    PidsLimit: true,
    IPv4Forwarding: true,
    Debug: false,
    NFd: 0,
    OomKillDisable: false,
    NGoroutines: 0,
    SystemTime: new Date(engine.swarm.nowMillis()).toISOString(),
    LoggingDriver: "json-file",
    CgroupDriver: "none",
    CgroupVersion: "2",
    NEventsListener: 0,
    KernelVersion: kernel,
    OperatingSystem: "Evenkeel embedded Swarm",
    OSVersion: "",
    OSType: "linux",
    Architecture: textAt(node, "Description", "Platform", "Architecture") || "x86_64",
    IndexServerAddress: "https://index.docker.io/v1/",
    RegistryConfig: { InsecureRegistryCIDRs: [], IndexConfigs: {}, Mirrors: [] },
    NCPU: Math.round((numberAt(node, "Description", "Resources", "NanoCPUs") ?? 0) / 1e9),
    MemTotal: numberAt(node, "Description", "Resources", "MemoryBytes") ?? 0,
    GenericResources: null,
    DockerRootDir: "/var/lib/docker",
    HttpProxy: "",
    HttpsProxy: "",
    NoProxy: "",
    Name: textAt(node, "Description", "Hostname"),
    Labels: labelsOf(engine),
    ExperimentalBuild: false,
    ServerVersion: engine.identity.engineVersion,
    Runtimes: { embedded: { path: "" } },
    DefaultRuntime: "embedded",
    Swarm: swarmInfo(engine),
    LiveRestoreEnabled: false,
    Isolation: "",
    InitBinary: "",
    ContainerdCommit: empty,
    RuncCommit: empty,
    InitCommit: empty,
    SecurityOptions: [],
    Warnings: null
  })
}

export const routes: ReadonlyArray<Route> = [
  route("GET", "/_ping", ping),
  route("HEAD", "/_ping", ping),
  route("GET", "/version", version),
  route("GET", "/info", info)
]
