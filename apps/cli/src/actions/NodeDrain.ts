/** What `evenkeel node drain` does: moves what it can off the node, drains it, and waits until it is empty. */
import * as Effect from "effect/Effect"
import type { Node } from "@evenkeel/domain/Node"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import * as ApplyMoves from "../ApplyMoves.ts"
import * as Asking from "../Asking.ts"
import type { options } from "../commands/node/drain.ts"
import type { Given } from "../grammar/Parameter.ts"
import { NotConverged } from "../MoveFollowing.ts"
import * as NodeAvailability from "../NodeAvailability.ts"
import * as NodeEmptying from "../NodeEmptying.ts"
import * as Result from "../Result.ts"
import { Screen } from "../Screen.ts"
import * as NodeList from "../views/NodeList.ts"
import { withEngine } from "../WithEngine.ts"

type Asked = Given<typeof options>

const nothing: NodeEmptying.Emptied = { moved: [], failed: [] }

export const run = (given: Asked) =>
  Effect.gen(function* () {
    const { detach, now, timeout } = given
    const screen = yield* Screen
    const client = yield* SwarmClient
    const { snapshot } = yield* client.reading
    const node = yield* NodeAvailability.find(snapshot, given.node)
    let emptied = nothing
    if (node.availability === "drain") yield* screen.tell(`${node.hostname} is drained already`)
    else if (now) yield* atOnce(given, snapshot, node)
    else emptied = yield* gently(given, node)
    const after = detach
      ? (yield* client.reading).snapshot
      : yield* NodeAvailability.whenEmpty(node, timeout, screen.tell).pipe(
          Effect.onInterrupt(() => screen.tell(`${node.hostname} stays drained; look: evenkeel node ls`))
        )
    const items = [NodeList.rowOf(after, after.node(node.id) ?? node)]
    yield* Result.show(given, "NodeList", { items, ...emptied }, (value, view) => NodeList.render(value.items, view))
    if (emptied.failed.length > 0)
      return yield* new NotConverged({
        what: `${node.hostname} is drained, and ${emptied.failed.map(({ serviceName }) => serviceName).join(", ")} could not be moved before: Swarm stopped what was left`
      })
  }).pipe(withEngine(given))

const confirm =
  ({ node, yes }: Asked) =>
  (question: string) =>
    Asking.confirm({ command: `evenkeel node drain ${node}`, question, yes })

/** Swarm's own way. */
const atOnce = Effect.fn("node drain.atOnce")(function* (given: Asked, snapshot: Snapshot, node: Node) {
  const screen = yield* Screen
  yield* screen.tell(NodeAvailability.consequence(snapshot, node))
  yield* confirm(given)(`Drain ${node.hostname}?`)
  yield* NodeAvailability.set(node, "drain")
})

/** One by one and healthy, then the drain. */
const gently = Effect.fn("node drain.gently")(function* (given: Asked, node: Node) {
  const { forceRest, keepGoing, moveDeadline, stability } = given
  const { tell } = yield* Screen
  const pace = { stabilityMillis: stability, moveDeadlineMillis: moveDeadline }
  yield* ApplyMoves.finishAfterAsking(pace, tell, confirm(given))
  const emptying = yield* NodeEmptying.survey(node, forceRest)
  yield* tell(NodeEmptying.consequence(emptying, node))
  yield* confirm(given)(`Drain ${node.hostname}?`)
  return yield* NodeEmptying.run(node, emptying, { ...pace, keepGoing }, tell)
})
