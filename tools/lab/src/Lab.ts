/**
 * The lab as a service: what the command line calls, and what a drill is written on.
 *
 * Every changing verb takes the lab's lock for its own duration. Faults return when they are done, not when Swarm has
 * noticed; `awaitMember` waits for that.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Cleanup from "./Cleanup.ts"
import * as Docker from "./Docker.ts"
import * as Engine from "./Engine.ts"
import * as Faults from "./Faults.ts"
import * as Images from "./Images.ts"
import { LabSite } from "./LabSite.ts"
import * as LabSpec from "./LabSpec.ts"
import * as LabState from "./LabState.ts"
import { withLock } from "./Lock.ts"
import * as Status from "./Status.ts"
import * as Swarm from "./Swarm.ts"
import * as Up from "./Up.ts"

/** A node of the lab as its users address it. */
export interface LabNode {
  readonly name: string
  readonly index: number
  /** On the bridge; host-mode ports of tasks answer here. */
  readonly address: string
  /** The engine's socket outside the node's namespaces. */
  readonly socketPath: string
  readonly manager: boolean
}

const nodes = Effect.gen(function* () {
  const { stateDir } = yield* LabSite
  const state = yield* LabState.required
  return state.nodes.map(({ name, index, manager }): LabNode => {
    const { address } = LabSpec.nodePlan(index)
    return { name, index, address, socketPath: LabSpec.nodePaths(stateDir, name).socket, manager }
  })
})

const make = Effect.gen(function* () {
  const services = yield* Effect.context<LabSite | FileSystem.FileSystem>()
  const closed = <A, E>(verb: Effect.Effect<A, E, LabSite | FileSystem.FileSystem>) => Effect.provide(verb, services)
  const changing = <A, E>(verb: Effect.Effect<A, E, LabSite | FileSystem.FileSystem>) => closed(withLock(verb))
  return {
    /** Brings the lab up, or completes it. `true`: something was missing. */
    up: (options: Up.UpOptions = {}) => changing(Up.up(options)),
    /** Takes everything away. `true`: there was something. */
    down: changing(Cleanup.down),
    status: closed(Status.status),
    nodes: closed(nodes),
    /** Pulls the node's cable. `true`: it was plugged in. */
    blackHole: (name: string) => changing(Faults.blackHole(name)),
    /** Ends every process of the node at once. `true`: it was running. */
    crash: (name: string, options?: { readonly powerCut?: boolean }) => changing(Engine.crash(name, options)),
    /** Boots a crashed node and waits until its engine answers. `true`: it was not running. */
    boot: (name: string) => changing(Engine.boot(name)),
    /** Crash and boot. */
    reboot: (name: string, options?: { readonly powerCut?: boolean }) => changing(Faults.reboot(name, options)),
    /** Plugs the cable in, boots the node if it has crashed. */
    restore: (name: string) => changing(Faults.restore(name)),
    /** Kills the engine alone and waits until it answers again. */
    restartDockerd: (name: string) => changing(Engine.restartDockerd(name)),
    /** Waits until the managers see the node so. */
    awaitMember: (name: string, wanted: "ready" | "down") => closed(Swarm.awaitMember(name, wanted)),
    /** The nodes as the first manager that answers lists them. */
    members: closed(Swarm.observe),
    /** Runs the docker CLI against a node and gives back its stdout. */
    docker: (node: string, args: ReadonlyArray<string>, options?: Docker.DockerOptions) =>
      closed(Docker.docker(node, args, options)),
    /** Dispatcher heartbeat, e.g. `1s`. */
    setHeartbeat: (period: string) => changing(Swarm.setHeartbeat(period)),
    /** Builds and pushes what changed. */
    buildImages: (options?: Images.BuildOptions) => changing(Images.buildImages(options)),
    /** Process id of the node's first process, whose namespaces are the node. */
    firstProcess: (name: string) => closed(Effect.map(Engine.processOf(name), ({ pid }) => pid))
  }
})

export class Lab extends Effect.Service<Lab>()("@evenkeel/lab/Lab", { effect: make }) {
  /** The lab of a given site. */
  static readonly layer: Layer.Layer<Lab, never, LabSite> = Lab.Default.pipe(Layer.provide(NodeFileSystem.layer))

  /** The lab the environment names (`EVENKEEL_LAB_DIR`, …). */
  static readonly layerFromEnvironment: Layer.Layer<Lab> = Lab.layer.pipe(Layer.provide(LabSite.layer))
}
