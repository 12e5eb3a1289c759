/** What `evenkeel node drain` does: says what it stops, asks, drains, and waits until the node is empty. */
import type * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import * as Asking from "../Asking.ts"
import type { options } from "../commands/node/drain.ts"
import * as NodeAvailability from "../NodeAvailability.ts"
import { Screen } from "../Screen.ts"
import * as NodeList from "../views/NodeList.ts"
import { withEngine } from "../WithEngine.ts"

export const run = (given: Command.Command.ParseConfig<typeof options>) =>
  Effect.gen(function* () {
    const { detach, node: name, timeout, yes, ...choice } = given
    const screen = yield* Screen
    const client = yield* SwarmClient
    const { snapshot } = yield* client.reading
    const node = yield* NodeAvailability.find(snapshot, name)
    if (node.availability === "drain") yield* screen.tell(`${node.hostname} is drained already`)
    else {
      yield* screen.tell(NodeAvailability.consequence(snapshot, node))
      yield* Asking.confirm({ command: `evenkeel node drain ${name}`, question: `Drain ${node.hostname}?`, yes })
      yield* NodeAvailability.set(node, "drain")
    }
    const after = detach
      ? (yield* client.reading).snapshot
      : yield* NodeAvailability.whenEmpty(node, timeout, screen.tell).pipe(
          Effect.onInterrupt(() => screen.tell(`${node.hostname} stays drained; look: evenkeel node ls`))
        )
    yield* NodeList.show(choice, [NodeList.rowOf(after, after.node(node.id) ?? node)])
  }).pipe(withEngine(given))
