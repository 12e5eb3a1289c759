/**
 * A drill that is set up on its target: its services, what they asked for, what their specs are to be at the end, and everything
 * that steps and conditions ask of it. Reads by a manager that the drill has not made unreachable.
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import type { Condition, Drill, DrillService, NodeRef } from "./Drill.ts"
import { call, type EngineCallFailed, read } from "./EngineCall.ts"
import * as Fewest from "./Fewest.ts"
import * as Optimum from "./Optimum.ts"
import * as ServiceSpec from "./ServiceSpec.ts"
import * as SwarmReading from "./SwarmReading.ts"
import type { Target, TargetFailed } from "./Target.ts"

/** Traces of a move in a spec: journal, marks. */
const trace = /evenkeel\.(?:journal\.|move)/

export const isMarked = (service: SwarmReading.SeenService): boolean =>
  trace.test(service.specText) || trace.test(service.previousSpecText ?? "")

/** Represents a step for which nothing in the Swarm answers, such as a leader to lose where there is none. */
export class StepImpossible extends Schema.TaggedError<StepImpossible>()("StepImpossible", { reason: Schema.String }) {
  override get message() {
    return this.reason
  }
}

export interface Scene {
  readonly drill: Drill
  readonly target: Target
  /** Service names, in the drill's order. */
  readonly names: ReadonlyArray<string>
  readonly asked: ReadonlyMap<string, number>
  /** Ids by name. */
  readonly ids: ReadonlyMap<string, string>
  /** The user's specs as text, by name. */
  readonly wanted: Ref.Ref<ReadonlyMap<string, string>>
  readonly unreachable: Ref.Ref<ReadonlySet<string>>
  readonly lostLeader: Ref.Ref<string | null>
}

/** The socket of a manager that can be reached. */
export const managerOf = (scene: Pick<Scene, "target" | "unreachable">): Effect.Effect<string, StepImpossible> =>
  Effect.flatMap(Ref.get(scene.unreachable), (lost) => {
    const node = scene.target.nodes.find(({ isManager, name }) => isManager && !lost.has(name))
    return node === undefined
      ? Effect.fail(new StepImpossible({ reason: "no manager is left that could be asked" }))
      : Effect.succeed(node.socketPath)
  })

export const look = (scene: Scene): Effect.Effect<SwarmReading.SwarmReading, StepImpossible | EngineCallFailed> =>
  Effect.flatMap(managerOf(scene), (socketPath) => SwarmReading.swarm(socketPath, [...scene.ids.values()]))

/** The hostname that is meant. */
export const resolve = Effect.fn("Scene.resolve")(function* (scene: Scene, node: NodeRef) {
  if (node === "lost leader") return (yield* Ref.get(scene.lostLeader)) ?? ""
  if (node !== "leader") return node
  const leader = (yield* SwarmReading.nodes(yield* managerOf(scene))).find(({ isLeader }) => isLeader)?.name
  if (leader === undefined) return yield* new StepImpossible({ reason: "the Swarm has no leader" })
  return leader
})

/** The placement as the optimum is computed from. Nodes that are not ready and active get nothing. */
export const situationOf = (
  scene: Pick<Scene, "drill">,
  open: ReadonlySet<string>,
  tasks: ReadonlyArray<{ readonly service: string; readonly node: string }>
): Optimum.Situation => {
  const { nodes, services } = scene.drill
  const own = new Set(services.map(({ name }) => name))
  const countOn = (node: string, counts: (service: string) => boolean) =>
    tasks.filter((task) => task.node === node && counts(task.service)).length
  return {
    isOpen: nodes.map(({ name }) => open.has(name)),
    fixed: nodes.map(({ name }) => countOn(name, (service) => !own.has(service))),
    services: services.map((service: DrillService) => ({
      name: service.name,
      group: service.group ?? null,
      counts: nodes.map(({ name }) => countOn(name, (each) => each === service.name)),
      isEligible: nodes.map(({ name }) => open.has(name) && (service.eligible?.includes(name) ?? true)),
      mostPerNode: service.hostPort !== undefined ? 1 : (service.maxPerNode ?? Infinity),
      branchOf:
        service.spreadOver === undefined ? null : nodes.map(({ labels }) => labels?.[service.spreadOver ?? ""] ?? "")
    }))
  }
}

/**
 * `even`: no placement is better. `reached`: one is, but it is proved that no move with a certain outcome leads on to it.
 * The placement alone is judged apart from the planner, the proof is its own.
 */
export const evennessOf = (drill: Drill, placed: Fewest.Placed): "even" | "reached" | "uneven" => {
  if (Optimum.of(situationOf({ drill }, placed.open, [...placed.serving.values()])).isReached) return "even"
  return Fewest.moves(drill, placed) === 0 ? "reached" : "uneven"
}

export const openNodes = (reading: SwarmReading.SwarmReading): ReadonlySet<string> =>
  new Set(
    reading.nodes.filter((node) => node.state === "ready" && node.availability === "active").map(({ name }) => name)
  )

/** Every service has just the tasks that it asks for, and all serve. */
export const isWhole = (scene: Scene, reading: SwarmReading.SwarmReading): boolean =>
  scene.names.every((service) => {
    const wanted = reading.tasks.filter((task) => task.service === service && task.desired === "running")
    return wanted.length === scene.asked.get(service) && wanted.every(SwarmReading.serves)
  })

const isAtRest = ({ updateState }: SwarmReading.SeenService): boolean =>
  updateState !== "updating" && updateState !== "rollback_started"

/** Nodes that the drill has not taken away are all there: after an election Swarm may hold a living one for lost. */
const isBalanced = (scene: Scene, reading: SwarmReading.SwarmReading, away: ReadonlySet<string>): boolean =>
  isWhole(scene, reading) &&
  reading.nodes.every(({ name, state }) => away.has(name) || state === "ready") &&
  reading.services.every((service) => isAtRest(service) && !isMarked(service)) &&
  evennessOf(scene.drill, {
    serving: new Map(reading.tasks.filter(SwarmReading.serves).map((task) => [task.id, task])),
    slots: SwarmReading.slotsOf(reading),
    open: openNodes(reading)
  }) !== "uneven"

/** Whether the condition holds now. */
export const holds = Effect.fn("Scene.holds")(function* (scene: Scene, condition: Condition) {
  if (condition._tag === "told") {
    const { isHeld, undone } = yield* scene.target.told
    return isHeld || undone > 0
  }
  const reading = yield* look(scene)
  switch (condition._tag) {
    case "whole":
      return isWhole(scene, reading)
    case "balanced":
      return isBalanced(scene, reading, yield* Ref.get(scene.unreachable))
    case "node": {
      const name = yield* resolve(scene, condition.node)
      return reading.nodes.some((node) => node.name === name && node.state === condition.is)
    }
    case "moving": {
      const service = reading.services.find(({ name }) => name === condition.service)
      const serving = reading.tasks.filter((task) => task.service === condition.service && SwarmReading.serves(task))
      return (
        service?.specText.includes("evenkeel.journal.") === true &&
        (condition.point === "begun" || serving.length > (scene.asked.get(condition.service) ?? 0))
      )
    }
  }
})

/** Labels the nodes and creates the services; answers when all of them are whole. */
export const setUp = Effect.fn("Scene.setUp")(function* (drill: Drill, target: Target) {
  const unreachable = yield* Ref.make<ReadonlySet<string>>(
    new Set(drill.nodes.flatMap(({ joinsLater, name }) => (joinsLater === true ? [name] : [])))
  )
  const socketPath = yield* managerOf({ target, unreachable })
  const ids = new Map<string, string>()
  const wanted = new Map<string, string>()
  for (const service of drill.services) {
    const body = JSON.stringify(ServiceSpec.of(service, target.images))
    const { ID } = yield* read(socketPath, "/services/create", Schema.Struct({ ID: Schema.String }), {
      method: "POST",
      body
    })
    ids.set(service.name, ID)
    wanted.set(service.name, (yield* SwarmReading.service(socketPath, ID)).specText)
  }
  return {
    drill,
    target,
    names: drill.services.map(({ name }) => name),
    asked: new Map(drill.services.map(({ name, replicas }) => [name, replicas])),
    ids,
    wanted: yield* Ref.make<ReadonlyMap<string, string>>(wanted),
    unreachable,
    lostLeader: yield* Ref.make<string | null>(null)
  } satisfies Scene
})

/** What the user does to a service: reads it, changes it, posts it; once more where somebody else was faster. */
export const change = (
  scene: Scene,
  service: string,
  kind: "deploy" | "rollback"
): Effect.Effect<void, StepImpossible | EngineCallFailed | TargetFailed> =>
  Effect.gen(function* () {
    const socketPath = yield* managerOf(scene)
    const seen = yield* SwarmReading.service(socketPath, scene.ids.get(service) ?? service)
    const path = `/services/${seen.id}/update?version=${seen.version}`
    if (kind === "rollback") {
      yield* call(socketPath, `${path}&rollback=previous`, { method: "POST", body: seen.specText })
      return
    }
    yield* call(socketPath, path, { method: "POST", body: ServiceSpec.nextRevision(seen.specText) })
    yield* Ref.update(scene.wanted, (texts) =>
      new Map(texts).set(service, ServiceSpec.nextRevision(texts.get(service) ?? ""))
    )
  }).pipe(
    Effect.retry({
      times: 10,
      while: (error) => error._tag === "EngineCallFailed" && error.reason.includes("out of sequence")
    })
  )
