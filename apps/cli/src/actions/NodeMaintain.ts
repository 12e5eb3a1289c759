/** What `evenkeel node maintain` does: node by node, empty, wait or run, activate, rebalance. Ends at the first that fails. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Node } from "@evenkeel/domain/Node"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import * as ApplyMoves from "../ApplyMoves.ts"
import * as Asking from "../Asking.ts"
import type { options } from "../commands/node/maintain.ts"
import type { Given } from "../grammar/Parameter.ts"
import { NotConverged } from "../MoveFollowing.ts"
import * as NodeAvailability from "../NodeAvailability.ts"
import * as NodeEmptying from "../NodeEmptying.ts"
import * as Rebalancing from "../Rebalancing.ts"
import * as Result from "../Result.ts"
import { Screen } from "../Screen.ts"
import { ShellCommand } from "../ShellCommand.ts"
import { withEngine } from "../WithEngine.ts"

type Asked = Given<typeof options>

/** Represents a command line that names no node, or names nodes beside --all. */
export class NodesUnclear extends Schema.TaggedError<NodesUnclear>()("NodesUnclear", {}) {
  override get message(): string {
    return "name the nodes, or --all of them: evenkeel node maintain n2 n3"
  }
}

/** Represents a node that nobody could bring back: without a terminal nobody can say that the work on it is done. */
export class NobodyWaitedFor extends Schema.TaggedError<NobodyWaitedFor>()("NobodyWaitedFor", {}) {
  override get message(): string {
    return "there is no terminal to wait for Enter on while a node is out of service: name what to run then, --command"
  }
}

interface Maintained {
  readonly node: string
  readonly hostname: string
  /** Services that left it beforehand, and moves made after it was back. */
  readonly servicesMoved: number
  readonly movesAfter: number
}

export const run = (given: Asked) =>
  Effect.gen(function* () {
    const screen = yield* Screen
    const client = yield* SwarmClient
    const { snapshot } = yield* client.reading
    const nodes = yield* chosen(snapshot, given)
    const interactive = Option.isNone(given.command)
    if (interactive && !screen.isInteractive) return yield* new NobodyWaitedFor()
    const names = nodes.map(({ hostname }) => hostname).join(", ")
    yield* Asking.confirm({
      command: "evenkeel node maintain",
      question: `Take ${names} out of service, one after the other?`,
      yes: given.yes
    })
    const items: Array<Maintained> = []
    for (const [at, { id, hostname }] of nodes.entries()) {
      yield* screen.tell(`${hostname} (${at + 1} of ${nodes.length})`)
      const now = (yield* client.reading).snapshot.node(id)
      if (now === undefined) yield* screen.tell(`${hostname} has left the Swarm`)
      else items.push(yield* maintain(given, now))
    }
    yield* Result.show(given, "Maintained", { items }, (value) =>
      value.items.length === 1 ? "1 node maintained.\n" : `${value.items.length} nodes maintained.\n`
    )
  }).pipe(withEngine(given))

/** In the order given; all by hostname, and the raft leader last, so that it changes as late as it can. */
const chosen = Effect.fn("node maintain.chosen")(function* (snapshot: Snapshot, { all, nodes }: Asked) {
  if (all === nodes.length > 0) return yield* new NodesUnclear()
  if (!all) return yield* Effect.forEach(nodes, (name) => NodeAvailability.find(snapshot, name))
  const leads = (node: Node) => Number(node.manager?.leader === true)
  return snapshot.nodes.toSorted(
    (a, b) => leads(a) - leads(b) || a.hostname.localeCompare(b.hostname, "en", { numeric: true })
  )
})

const maintain = Effect.fn("node maintain.maintain")(function* (given: Asked, node: Node) {
  const { forceRest, keepGoing, moveDeadline, stability, timeout } = given
  const screen = yield* Screen
  const pace = { stabilityMillis: stability, moveDeadlineMillis: moveDeadline }
  yield* ApplyMoves.finishOpenMoves(pace, screen.tell)
  const emptying = yield* NodeEmptying.survey(node, forceRest)
  yield* screen.tell(NodeEmptying.consequence(emptying, node))
  const { moved } = yield* NodeEmptying.run(node, emptying, { ...pace, keepGoing }, screen.tell)
  yield* NodeAvailability.whenEmpty(node, timeout, screen.tell).pipe(
    Effect.zipRight(outOfService(given, node)),
    Effect.onError(() =>
      screen.tell(`${node.hostname} stays drained. Bring it back: evenkeel node activate ${node.hostname}`)
    )
  )
  yield* NodeAvailability.set(node, "active")
  yield* Rebalancing.whenReady(node, given.returnTimeout)
  const movesAfter = yield* Rebalancing.rebalance(pace, screen.tell)
  return {
    node: node.id,
    hostname: node.hostname,
    servicesMoved: moved.length,
    movesAfter
  } satisfies Maintained as Maintained
})

const outOfService = Effect.fn("node maintain.outOfService")(function* ({ command }: Asked, node: Node) {
  const screen = yield* Screen
  if (Option.isSome(command)) {
    yield* screen.tell(`${node.hostname} is empty: ${command.value}`)
    const shell = yield* ShellCommand
    return yield* shell.run(command.value, { EVENKEEL_NODE: node.hostname, EVENKEEL_NODE_ID: node.id })
  }
  const answer = yield* screen.ask(`${node.hostname} is empty and drained. Do your work; Enter brings it back.`)
  if (answer === null) return yield* new NotConverged({ what: "stdin ended before Enter was pressed" })
})
