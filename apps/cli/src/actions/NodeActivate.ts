/** What `evenkeel node activate` does. */
import * as Effect from "effect/Effect"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import type { options } from "../commands/node/activate.ts"
import type { Given } from "../grammar/Parameter.ts"
import * as NodeAvailability from "../NodeAvailability.ts"
import { Screen } from "../Screen.ts"
import * as NodeList from "../views/NodeList.ts"
import { withEngine } from "../WithEngine.ts"

export const run = ({ host, node: name, ...choice }: Given<typeof options>) =>
  Effect.gen(function* () {
    const screen = yield* Screen
    const client = yield* SwarmClient
    const node = yield* NodeAvailability.find((yield* client.reading).snapshot, name)
    const changed = yield* NodeAvailability.set(node, "active")
    yield* screen.tell(
      changed
        ? `${node.hostname} takes tasks again. Swarm moves none back by itself: evenkeel plan shows which would be.`
        : `${node.hostname} is active already`
    )
    const after = (yield* client.reading).snapshot
    yield* NodeList.show(choice, [NodeList.rowOf(after, after.node(node.id) ?? node)])
  }).pipe(withEngine({ host }))
