/** What `evenkeel node ls` does. */
import * as Effect from "effect/Effect"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import type { options } from "../commands/node/ls.ts"
import type { Given } from "../grammar/Parameter.ts"
import * as NodeList from "../views/NodeList.ts"
import { withEngine } from "../WithEngine.ts"

export const run = ({ host, ...choice }: Given<typeof options>) =>
  Effect.gen(function* () {
    const client = yield* SwarmClient
    yield* NodeList.show(choice, NodeList.of((yield* client.reading).snapshot))
  }).pipe(withEngine({ host }))
