/**
 * Bringing a lab up, or completing one that is half there: state, registry, nodes, Swarm, overlay network.
 *
 * Every step looks first and makes only what is missing, so that the same verb starts, heals and widens a lab. It never
 * takes nodes away and never changes a manager into a worker.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Engine from "./Engine.ts"
import * as LabSpec from "./LabSpec.ts"
import { LabSite } from "./LabSite.ts"
import * as LabState from "./LabState.ts"
import * as Network from "./Network.ts"
import { bootId } from "./Processes.ts"
import { say } from "./Progress.ts"
import * as Registry from "./Registry.ts"
import { checkRequirements } from "./Requirements.ts"
import { succeeds } from "./Shell.ts"
import * as Swarm from "./Swarm.ts"

export interface UpOptions {
  /** 1 … 9; default 3, or what the lab has. */
  readonly nodes?: number
  /** 1 … nodes; default 3 (or all of fewer), or what the lab has. The first ones are managers. */
  readonly managers?: number
  /** Dispatcher heartbeat as Docker writes durations, e.g. `1s`; default: left as it is (5 s on a new Swarm). */
  readonly heartbeat?: string
}

/** The asked size cannot be had, or not without taking something away. */
export class LabSizeRefused extends Schema.TaggedError<LabSizeRefused>()("LabSizeRefused", { reason: Schema.String }) {
  override get message(): string {
    return `The lab cannot have that size: ${this.reason}.`
  }
}

/** Nodes and managers to have, from what is asked and what the lab has already. */
export const plannedSize = (
  asked: Pick<UpOptions, "nodes" | "managers">,
  existing: { readonly nodes: number; readonly managers: number }
): { readonly nodes: number; readonly managers: number } | LabSizeRefused => {
  const nodes = asked.nodes ?? (existing.nodes || 3)
  const managers = asked.managers ?? (existing.managers || Math.min(3, nodes))
  const refused = (reason: string) => new LabSizeRefused({ reason })
  if (nodes < 1 || nodes > LabSpec.maxNodes)
    return refused(`${nodes} nodes asked, 1 to ${LabSpec.maxNodes} are possible`)
  if (nodes < existing.nodes) return refused(`it has ${existing.nodes} nodes, ${nodes} asked; run \`lab down\` first`)
  if (managers < 1 || managers > nodes) return refused(`${managers} managers asked, 1 to ${nodes} are possible`)
  if (managers < existing.managers) {
    return refused(`it has ${existing.managers} managers, ${managers} asked; run \`lab down\` first`)
  }
  return { nodes, managers }
}

/** `overlay2` where the state directory's file system carries an overlay, else the slow driver that always works. */
const chooseStorageDriver = Effect.gen(function* () {
  const { stateDir } = yield* LabSite
  const files = yield* FileSystem.FileSystem
  const trial = `${stateDir}/storage-trial`
  yield* Effect.forEach(["l", "u", "w", "m"], (name) => files.makeDirectory(`${trial}/${name}`, { recursive: true }))
  const script = `cd "$1" && mount -t overlay -o lowerdir=l,upperdir=u,workdir=w overlay m && touch m/file`
  const carries = yield* succeeds("unshare", ["--mount", "sh", "-c", script, "sh", trial])
  yield* files.remove(trial, { recursive: true, force: true })
  if (!carries) yield* say(`${stateDir} lies on a file system that carries no overlay: images are copied (vfs, slow)`)
  return carries ? "overlay2" : "vfs"
})

/** The lab's state with the asked nodes in it; written before anything is made. */
const prepareState = Effect.fn("Up.prepareState")(function* (options: UpOptions) {
  const found = yield* LabState.read.pipe(
    Effect.flatMap(
      Option.match({
        onNone: () => Effect.succeed(Option.none<LabState.LabState>()),
        onSome: (state) => Effect.map(LabState.withoutDead(state), Option.some)
      })
    )
  )
  const before = Option.match(found, { onNone: () => [], onSome: (state) => state.nodes })
  const size = plannedSize(options, { nodes: before.length, managers: before.filter((node) => node.manager).length })
  if (size instanceof LabSizeRefused) return yield* size
  const empty = { version: 1, images: {}, registry: null, nodes: [], storageDriver: "overlay2" } as const
  const base = Option.getOrElse(found, () => new LabState.LabState({ ...empty, bootId: "" }))
  const nodes = LabSpec.nodePlans(size.nodes).map(
    ({ name, index }) =>
      new LabState.NodeRecord({ index, manager: index <= size.managers, process: base.node(name)?.process ?? null })
  )
  const state = new LabState.LabState({ ...base, nodes, bootId: yield* bootId })
  yield* LabState.write(state)
  if (Option.isNone(found)) {
    const storageDriver = yield* chooseStorageDriver
    yield* LabState.update((now) => new LabState.LabState({ ...now, storageDriver }))
  }
  return state
})

/** Brings the lab up to the asked size and waits until every node is ready. Gives back whether anything was missing. */
export const up = Effect.fn("Up.up")(function* (options: UpOptions) {
  yield* checkRequirements
  yield* LabState.refuseForeignFolder(yield* Network.ownsBridge)
  const state = yield* prepareState(options)
  yield* Network.ensureBridge
  const registryStarted = yield* Registry.ensure
  if (registryStarted) yield* say(`registry started at ${LabSpec.registryAddress}`)
  const booted = yield* bootAll(state)
  if (booted.length > 0) yield* say(`booted ${booted.join(", ")}`)
  const joined = yield* Swarm.ensureMembers
  if (joined.length > 0) yield* say(`joined the Swarm: ${joined.join(", ")}`)
  if (options.heartbeat !== undefined) yield* Swarm.setHeartbeat(options.heartbeat)
  const networkCreated = yield* Swarm.ensureNetwork
  if (networkCreated) yield* say(`overlay network ${LabSpec.overlayNetwork} created`)
  return registryStarted || booted.length > 0 || joined.length > 0 || networkCreated
})

/** Boots the nodes that do not run and plugs in the cables of those that are cut off. */
const bootAll = Effect.fn("Up.bootAll")(function* (state: LabState.LabState) {
  const brought: Array<string> = []
  for (const { name, index, process } of state.nodes) {
    const node = LabSpec.nodePlan(index)
    const link = process === null ? "absent" : yield* Network.linkState(node)
    if (link === "down") yield* Network.setLink(node, "up")
    if (link === "absent" && process !== null) yield* Engine.crash(name)
    if (link !== "up") brought.push(name)
  }
  yield* Effect.forEach(state.nodes, ({ name }) => Engine.boot(name), { concurrency: 3, discard: true })
  return brought
})
