/** What `evenkeel node drain` does: moves what it can off the node, drains it, and waits until it is empty. */
import * as Effect from "effect/Effect"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import * as ApplyMoves from "../ApplyMoves.ts"
import * as Asking from "../Asking.ts"
import type { options } from "../commands/node/drain.ts"
import { allowsGaps } from "../GapPolicy.ts"
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
    const { detach, node: name, now, timeout } = given
    const screen = yield* Screen
    const client = yield* SwarmClient
    const { snapshot } = yield* client.reading
    const node = yield* NodeAvailability.find(snapshot, name)
    let emptied = nothing
    if (node.availability === "drain") yield* screen.tell(`${node.hostname} is drained already`)
    else if (now) yield* atOnce(given)
    else emptied = yield* gently(given)
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

const question = ({ node, yes }: Asked, hostname: string) =>
  Asking.confirm({ command: `evenkeel node drain ${node}`, question: `Drain ${hostname}?`, yes })

/** Swarm's own way. */
const atOnce = Effect.fn("node drain.atOnce")(function* (given: Asked) {
  const screen = yield* Screen
  const { snapshot } = yield* (yield* SwarmClient).reading
  const node = yield* NodeAvailability.find(snapshot, given.node)
  yield* screen.tell(NodeAvailability.consequence(snapshot, node))
  yield* question(given, node.hostname)
  yield* NodeAvailability.set(node, "drain")
})

/** One by one and healthy, then the drain. */
const gently = Effect.fn("node drain.gently")(function* (given: Asked) {
  const { forceRest, keepGoing, moveDeadline, node: name, stability } = given
  const screen = yield* Screen
  const client = yield* SwarmClient
  const open = ApplyMoves.openMoves((yield* client.reading).snapshot)
  if (open.length > 0) yield* ApplyMoves.finishOpenMoves({ stabilityMillis: stability }, screen.tell)
  const { snapshot } = yield* client.reading
  const node = yield* NodeAvailability.find(snapshot, name)
  const emptying = NodeEmptying.of(snapshot, node, yield* allowsGaps)
  if (emptying.rest.length > 0 && !forceRest)
    return yield* new NodeEmptying.NodeNotEmptiable({ node: node.id, hostname: node.hostname, rest: emptying.rest })
  yield* screen.tell(NodeEmptying.consequence(emptying, node))
  yield* question(given, node.hostname)
  const pace = { stabilityMillis: stability, moveDeadlineMillis: moveDeadline, keepGoing }
  const emptied = yield* NodeEmptying.run(node, emptying, pace, screen.tell)
  yield* NodeAvailability.set(node, "drain")
  return emptied
})
