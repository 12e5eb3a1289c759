/** What the lab looks like now: asked of processes, links, engines and managers, never remembered. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Engine from "./Engine.ts"
import * as EngineApi from "./EngineApi.ts"
import { LabSite } from "./LabSite.ts"
import * as LabSpec from "./LabSpec.ts"
import * as LabState from "./LabState.ts"
import * as Network from "./Network.ts"
import * as Registry from "./Registry.ts"
import * as Swarm from "./Swarm.ts"

export interface NodeStatus {
  readonly name: string
  readonly index: number
  readonly address: string
  readonly socketPath: string
  readonly manager: boolean
  /** Whether the node's first process lives. */
  readonly running: boolean
  readonly link: "up" | "down" | "absent"
  /** Whether the engine answers on its socket (it does so too when the cable is pulled). */
  readonly engine: boolean
  /** Id in Swarm, `null` when no manager lists the node. */
  readonly swarmId: string | null
  /** Swarm's word for it, `null` when no manager answers. */
  readonly state: Swarm.MemberState | null
  readonly availability: string | null
  readonly leader: boolean
}

export interface LabStatus {
  readonly stateDir: string
  /** `up`: every node runs, is connected, and is ready in the Swarm; `down`: there is no lab. */
  readonly condition: "up" | "partial" | "down"
  readonly nodes: ReadonlyArray<NodeStatus>
  readonly registry: { readonly address: string; readonly running: boolean }
  /** Dispatcher heartbeat; `null` when no manager answers. */
  readonly heartbeatMs: number | null
  /** Whether the overlay network `evenkeel` exists. */
  readonly network: boolean
  readonly storageDriver: string | null
  /** References of the images built so far. */
  readonly images: ReadonlyArray<string>
}

const nodeStatus = Effect.fn("Status.nodeStatus")(function* (
  record: LabState.NodeRecord,
  members: ReadonlyArray<EngineApi.Member> | undefined
) {
  const { name, index, manager } = record
  const plan = LabSpec.nodePlan(index)
  const engine = yield* Engine.addressOf(record)
  const running = record.process !== null
  const named = (members ?? []).filter((candidate) => candidate.Description.Hostname === name)
  const member = named.find((candidate) => candidate.Status.State === "ready") ?? named[0]
  const status: NodeStatus = {
    name,
    index,
    address: plan.address,
    socketPath: engine.socketPath,
    manager,
    running,
    link: yield* Network.linkState(plan),
    engine: running && (yield* EngineApi.ping(engine)),
    swarmId: member?.ID ?? null,
    state: members === undefined ? null : ((member?.Status.State as Swarm.MemberState | undefined) ?? "gone"),
    availability: member?.Spec.Availability ?? null,
    leader: member?.ManagerStatus?.Leader ?? false
  }
  return status
})

export const status = Effect.gen(function* () {
  const { stateDir } = yield* LabSite
  const found = yield* LabState.read
  const address = LabSpec.registryAddress
  if (Option.isNone(found)) {
    const none: LabStatus = {
      stateDir,
      condition: "down",
      nodes: [],
      registry: { address, running: false },
      heartbeatMs: null,
      network: false,
      storageDriver: null,
      images: []
    }
    return none
  }
  const state = yield* LabState.withoutDead(found.value)
  const swarm = Option.getOrUndefined(yield* Swarm.summary)
  const nodes = yield* Effect.forEach(state.nodes, (record) => nodeStatus(record, swarm?.members), {
    concurrency: "unbounded"
  })
  const registry = { address, running: state.registry !== null && (yield* Registry.answers) }
  const network = swarm?.network ?? false
  const complete =
    nodes.length > 0 && nodes.every((node) => node.engine && node.link === "up" && node.state === "ready")
  const lab: LabStatus = {
    stateDir,
    condition: complete && registry.running && network ? "up" : "partial",
    nodes,
    registry,
    heartbeatMs: swarm?.heartbeatMs ?? null,
    network,
    storageDriver: state.storageDriver,
    images: Object.keys(state.images).toSorted()
  }
  return lab
})

/** The status as a text for people. */
export const render = (lab: LabStatus): string => {
  if (lab.condition === "down") return `There is no lab in ${lab.stateDir}. Start one with \`lab up\`.`
  const rows = lab.nodes.map((node) => [
    node.name,
    node.address,
    node.manager ? (node.leader ? "leader" : "manager") : "worker",
    node.running ? "running" : "crashed",
    node.link === "up" ? "connected" : node.link === "down" ? "black hole" : "no link",
    node.engine ? "answers" : "silent",
    node.state ?? "?",
    node.availability ?? "?"
  ])
  const table = [["NODE", "ADDRESS", "ROLE", "MACHINE", "LINK", "ENGINE", "SWARM", "AVAILABILITY"], ...rows]
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? []
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd()
  )
  const { registry, heartbeatMs, network } = lab
  return [
    `Lab in ${lab.stateDir}: ${lab.condition}`,
    ...lines,
    `registry ${registry.address} ${registry.running ? "answers" : "is silent"}`,
    `overlay network ${LabSpec.overlayNetwork} ${network ? "exists" : "is missing"}`,
    `heartbeat ${heartbeatMs === null ? "unknown: no manager answers" : `${heartbeatMs / 1000} s`}`,
    `images ${lab.images.length === 0 ? "none" : lab.images.join(", ")}`
  ].join("\n")
}
