/**
 * Takes a node out of the Swarm's service and back: writes `Availability` into its raw spec, with the version it was read
 * with, and waits until a drained node is empty. Says what a drain would stop; whether to is the operator's to say.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Balance from "@evenkeel/domain/Balance"
import type { Node } from "@evenkeel/domain/Node"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import { stateRank, stateRanks } from "@evenkeel/domain/Task"
import * as SpecText from "@evenkeel/swarm-client/SpecText"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import { type Note, NotConverged } from "./MoveFollowing.ts"
import { didYouMean } from "./Nearest.ts"

/** Represents a name that no node has, or that several have. */
export class NodeUnknown extends Schema.TaggedError<NodeUnknown>()("NodeUnknown", {
  node: Schema.String,
  /** The hostnames there are. */
  hostnames: Schema.Array(Schema.String),
  /** Ids of the nodes that share the name. */
  sharedBy: Schema.Array(Schema.String)
}) {
  override get message(): string {
    if (this.sharedBy.length > 0)
      return `several nodes have the hostname ${this.node}: name one by its id, ${this.sharedBy.join(" or ")}`
    return `there is no node ${this.node}.${didYouMean(this.node, this.hostnames)} "evenkeel node ls" names those there are`
  }
}

/** The node with this id or hostname. */
export const find = (snapshot: Snapshot, name: string): Effect.Effect<Node, NodeUnknown> => {
  const node = snapshot.findNode(name)
  if (node !== undefined) return Effect.succeed(node)
  const sharedBy = snapshot.nodes.filter(({ hostname }) => hostname === name).map(({ id }) => id)
  return new NodeUnknown({ node: name, hostnames: snapshot.nodes.map(({ hostname }) => hostname), sharedBy })
}

/** What stops when the node is drained, as a question's first part. */
export const consequence = (snapshot: Snapshot, node: Node): string => {
  const tasks = snapshot.tasksOnNode(node.id).filter(Balance.isPlaced)
  const last = snapshot.services
    .filter((service) => service.mode.kind === "replicated" && tasks.some((task) => task.service === service.id))
    .filter(({ id }) => snapshot.tasksOfService(id).every((task) => !task.isServing || task.node === node.id))
    .map(({ name }) => name)
    .toSorted()
  const count = tasks.length === 1 ? "1 task" : `${tasks.length} tasks`
  const interrupted =
    last.length === 0
      ? ""
      : ` No task of ${last.join(", ")} runs elsewhere: without one until Swarm has started it again.`
  return `Draining ${node.hostname} stops its ${count} at once; Swarm starts them on other nodes.${interrupted}`
}

/** Writes the availability; false when it already is so. */
export const set = Effect.fn("NodeAvailability.set")(function* (node: Node, availability: Node["availability"]) {
  const client = yield* SwarmClient
  const { specText, version } = yield* client.nodeSpec(node.id)
  const wanted = JSON.stringify(availability)
  if (SpecText.get(specText, ["Availability"]) === wanted) return false
  const { text } = yield* SpecText.apply(specText, [{ path: ["Availability"], value: wanted }])
  yield* Effect.uninterruptible(client.updateNode({ id: node.id, version, specText: text }))
  return true
})

/** Its tasks that have not ended. A node that is not ready reports nothing any more: there is nothing to wait for. */
const tasksLeft = (snapshot: Snapshot, node: Node): number =>
  snapshot.node(node.id)?.state === "ready"
    ? snapshot.tasksOnNode(node.id).filter(({ state }) => stateRank(state) <= stateRanks.running).length
    : 0

/** Waits until no task is left on the node; `note` is told how many are. Gives the last reading. */
export const whenEmpty = Effect.fn("NodeAvailability.whenEmpty")(function* (
  node: Node,
  timeoutMillis: number,
  note: Note
) {
  const client = yield* SwarmClient
  const giveUpAtMillis = (yield* Clock.currentTimeMillis) + timeoutMillis
  const last = yield* Ref.make(-1)
  yield* client.hurry
  const seen = yield* client.snapshots().pipe(
    Stream.mapEffect((element) =>
      Effect.gen(function* () {
        if (element._tag === "SnapshotReading") {
          const left = tasksLeft(element.snapshot, node)
          if ((yield* Ref.getAndSet(last, left)) !== left)
            yield* note(`${node.hostname}: ${left === 1 ? "1 task" : `${left} tasks`} left`)
          if (left === 0) return Option.some(element.snapshot)
        }
        if ((yield* Clock.currentTimeMillis) > giveUpAtMillis)
          return yield* new NotConverged({
            what: `node ${node.hostname} is not empty after ${timeoutMillis / 1_000} s; it stays drained. Look: docker node ps ${node.hostname}`
          })
        return Option.none<Snapshot>()
      })
    ),
    Stream.filterMap((snapshot) => snapshot),
    Stream.runHead
  )
  return yield* Option.match(seen, {
    onNone: () => new NotConverged({ what: "the Swarm is no longer read" }),
    onSome: Effect.succeed
  })
})
