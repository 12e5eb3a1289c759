/**
 * Takes a node's tasks elsewhere, service by service, each task only after its successor serves, and then drains it. Swarm's
 * own drain stops all of them at once. What cannot be moved so is named beforehand, with the reason.
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Balance from "@evenkeel/domain/Balance"
import { NodeId, type ServiceId } from "@evenkeel/domain/Ids"
import * as Movability from "@evenkeel/domain/Movability"
import * as Prediction from "@evenkeel/domain/moves/Prediction"
import type { Node } from "@evenkeel/domain/Node"
import type { MoveOrder } from "@evenkeel/domain/Plan"
import * as MoveLabels from "@evenkeel/domain/planner/MoveLabels"
import * as PlannerPolicy from "@evenkeel/domain/planner/PlannerPolicy"
import type { Service } from "@evenkeel/domain/Service"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import * as Mover from "@evenkeel/executor/Mover"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import { allowsGaps } from "./GapPolicy.ts"
import { type Note, NotConverged, throughToTheEnd } from "./MoveFollowing.ts"
import * as NodeAvailability from "./NodeAvailability.ts"
import { inOwnFiber } from "./OwnFiber.ts"

/** One service's tasks that leave the node. */
export interface Leaving {
  readonly service: ServiceId
  readonly serviceName: string
  readonly tasks: number
  /** `stop-first`: it is without each task for a while. */
  readonly order: MoveOrder
}

/** A service whose tasks only Swarm's own drain takes off the node. */
export interface Rest {
  readonly serviceName: string
  /** A clause. */
  readonly why: string
}

export interface Emptying {
  readonly leaving: ReadonlyArray<Leaving>
  readonly rest: ReadonlyArray<Rest>
}

/** Represents a node that tasks cannot leave one by one. Nothing was changed. */
export class NodeNotEmptiable extends Schema.TaggedError<NodeNotEmptiable>()("NodeNotEmptiable", {
  node: NodeId,
  hostname: Schema.String,
  rest: Schema.Array(Schema.Struct({ serviceName: Schema.String, why: Schema.String }))
}) {
  override get message(): string {
    const lines = this.rest.map(({ serviceName, why }) => `  ${serviceName}: ${why}`)
    return `tasks of ${this.hostname} cannot be moved while they serve:\n${lines.join("\n")}\nNothing was changed. With --force-rest the others are moved and Swarm's own drain stops these; --now drains at once.`
  }
}

const emptyingOf = (snapshot: Snapshot, node: Node, allowGaps: boolean): Emptying => {
  const leaving: Array<Leaving> = []
  const rest: Array<Rest> = []
  for (const service of byName(snapshot.services)) {
    const tasks = snapshot.tasksOfService(service.id).filter((task) => Balance.isPlaced(task) && task.node === node.id)
    if (tasks.length === 0 || service.mode.kind === "global") continue
    const why = whyItStays(snapshot, service, node, allowGaps)
    const { id, name: serviceName } = service
    if (why === null) leaving.push({ service: id, serviceName, tasks: tasks.length, order: orderOf(service) })
    else rest.push({ serviceName: service.name, why })
  }
  return { leaving, rest }
}

/**
 * What of the node's tasks can leave it now, and what cannot; global services end with the drain and are in neither. Fails with
 * NodeNotEmptiable where something cannot leave, unless `forceRest` leaves that to the drain.
 */
export const survey = Effect.fn("NodeEmptying.survey")(function* (node: Node, forceRest: boolean) {
  const client = yield* SwarmClient
  const emptying = emptyingOf((yield* client.reading).snapshot, node, yield* allowsGaps)
  if (emptying.rest.length > 0 && !forceRest)
    return yield* new NodeNotEmptiable({ node: node.id, hostname: node.hostname, rest: emptying.rest })
  return emptying
})

const byName = (services: ReadonlyArray<Service>) => services.toSorted((a, b) => (a.name < b.name ? -1 : 1))

/** Opt-outs, preferences and cool-downs speak of balance; here the operator has decided that the tasks go. */
const passedOver = new Set(["OptedOut", "Preferences", "CoolingDown", "Paused", "HostConstraint"])

const whyItStays = (snapshot: Snapshot, service: Service, node: Node, allowGaps: boolean): string | null => {
  const movability = Movability.of(snapshot, service, PlannerPolicy.withDefaults({ allowGaps }))
  if (movability._tag === "Fixed" && !passedOver.has(movability.reason._tag)) {
    const text = Movability.describe(movability.reason, (id) => snapshot.node(id)?.hostname ?? id)
    return text.replace(/^Stays[^:]*: /, "").replace(/\.$/, "")
  }
  const move = moveOf(snapshot, service, node, orderOf(service))
  return move === null ? "its tasks are gone" : Prediction.refusal(snapshot, service, move)
}

const orderOf = (service: Service): MoveOrder => (MoveLabels.of(service).isStopFirst ? "stop-first" : "start-first")

/** All of the service's tasks leave; Swarm chooses where to, and any other node will do. */
const moveOf = (snapshot: Snapshot, service: Service, node: Node, order: MoveOrder) => {
  const task = snapshot.tasksOfService(service.id).find((each) => each.isServing && each.node === node.id)
  const [to, ...alternatives] = snapshot.nodes.filter((each) => each.id !== node.id && each.isSchedulable)
  if (task === undefined || to === undefined) return null
  return {
    strategy: "empty" as const,
    order,
    task: task.id,
    from: node.id,
    to: to.id,
    alternatives: alternatives.map(({ id }) => id)
  }
}

/** All in milliseconds. */
export interface EmptyingOptions {
  /** How long new tasks must serve before a service counts as moved. */
  readonly stabilityMillis: number
  /** For each task: a service that has not left by then is given up. */
  readonly moveDeadlineMillis: number
  /** Whether to go on with the next service when one could not be moved. */
  readonly keepGoing: boolean
}

export interface Emptied {
  readonly moved: ReadonlyArray<Leaving>
  /** Services that were to leave and did not, with why. */
  readonly failed: ReadonlyArray<Rest>
}

/**
 * Closes the node for new tasks, moves the services off it, one at a time, and drains it. Where one cannot be moved it ends
 * with NotConverged, or goes on. Interrupted, or failed, it gives up the move that is under way as far as that is safe, and
 * gives the node its availability back.
 */
export const run = Effect.fn("NodeEmptying.run")(function* (
  node: Node,
  { leaving }: Emptying,
  options: EmptyingOptions,
  note: Note
) {
  const underWay = yield* Ref.make<ServiceId | null>(null)
  const back = Effect.gen(function* () {
    const open = yield* Ref.get(underWay)
    if (open !== null) yield* giveUp(open, options, note)
    yield* NodeAvailability.set(node, node.availability)
    yield* note(`${node.hostname} is ${node.availability} again`)
  }).pipe(Effect.catchAll((error) => note(error.message)))

  return yield* Effect.gen(function* () {
    if (node.availability === "active") yield* NodeAvailability.set(node, "pause")
    const moved: Array<Leaving> = []
    const failed: Array<Rest> = []
    for (const [at, leaver] of leaving.entries()) {
      const place = `[${at + 1}/${leaving.length}] ${leaver.serviceName}`
      yield* note(`${place}: ${count(leaver.tasks)} to leave ${node.hostname}`)
      const why = yield* moveOff(node, leaver, options, underWay, note)
      if (why === null) {
        moved.push(leaver)
        yield* note(`${place}: done`)
      } else if (options.keepGoing) {
        failed.push({ serviceName: leaver.serviceName, why })
        yield* note(`${place}: ${why}; going on with the others`)
      } else
        return yield* new NotConverged({
          what: `${leaver.serviceName} could not leave ${node.hostname}: ${why}. ${moved.length} of ${leaving.length} services have left; --keep-going goes on with the others`
        })
    }
    yield* NodeAvailability.set(node, "drain")
    return { moved, failed } satisfies Emptied as Emptied
  }).pipe(Effect.onError(() => inOwnFiber(back)))
})

/** Moves one service's tasks off the node; null when they have left, else why not. */
const moveOff = Effect.fnUntraced(function* (
  node: Node,
  leaver: Leaving,
  options: EmptyingOptions,
  underWay: Ref.Ref<ServiceId | null>,
  note: Note
) {
  const client = yield* SwarmClient
  const { snapshot } = yield* client.reading
  const service = snapshot.service(leaver.service)
  const move = service === undefined ? null : moveOf(snapshot, service, node, leaver.order)
  // Removed, or gone from the node by itself.
  if (service === undefined || move === null) return null
  const begun = yield* Effect.uninterruptible(
    Effect.zipRight(
      Ref.set(underWay, service.id),
      Effect.either(Mover.begin(service, move, options.moveDeadlineMillis))
    )
  )
  if (begun._tag === "Left") {
    yield* Ref.set(underWay, null)
    return begun.left.message
  }
  const outcome = yield* throughToTheEnd(service.id, begun.right, options, note)
  yield* Ref.set(underWay, null)
  return outcome._tag === "completed" ? null : outcome.because
})

const giveUpMillis = 30_000

/** Ends the open move now where that costs no task that serves; else its journal is left to a rebalancer. */
const giveUp = (service: ServiceId, { stabilityMillis }: EmptyingOptions, note: Note) =>
  throughToTheEnd(service, null, { stabilityMillis, stopping: true }, note).pipe(
    Effect.timeoutFail({
      duration: giveUpMillis,
      onTimeout: () =>
        new NotConverged({
          what: "the move that is under way cannot be given up now: a rebalancer in mode act, or evenkeel apply, ends it"
        })
    }),
    Effect.catchAll((error) => note(error.message))
  )

export const count = (tasks: number): string => (tasks === 1 ? "1 task" : `${tasks} tasks`)

/** What emptying the node would do, as a question's first part. */
export const consequence = ({ leaving, rest }: Emptying, node: Node): string => {
  const names = leaving.map(({ order, serviceName, tasks }) => {
    const notes = [...(tasks === 1 ? [] : [String(tasks)]), ...(order === "stop-first" ? ["with a gap instead"] : [])]
    return notes.length === 0 ? serviceName : `${serviceName} (${notes.join(", ")})`
  })
  const moves =
    leaving.length === 0
      ? `No task has to leave ${node.hostname} first.`
      : `Before ${node.hostname} is drained these leave it, one task at a time, each after its successor serves: ${names.join(", ")}.`
  const stops = rest.map(({ serviceName, why }) => `\n  ${serviceName}: ${why}`)
  return rest.length === 0 ? moves : `${moves} Swarm's drain then stops the tasks of:${stops.join("")}`
}
