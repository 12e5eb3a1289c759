/** What `evenkeel status` does. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import type { options } from "../commands/status.ts"
import type { Given } from "../grammar/Parameter.ts"
import type { OutputChoice } from "../CommonOptions.ts"
import * as Result from "../Result.ts"
import { Screen } from "../Screen.ts"
import { withEngine } from "../WithEngine.ts"
import * as Status from "../views/Status.ts"
import * as StatusTable from "../views/StatusTable.ts"

const clearScreen = "\u001b[H\u001b[2J"

const once = Effect.fn("status.once")(function* (choice: OutputChoice, isRedrawn: boolean) {
  const client = yield* SwarmClient
  const reading = yield* client.reading
  const status = Status.of(reading, yield* Clock.currentTimeMillis)
  if (isRedrawn) yield* Effect.flatMap(Screen, ({ print }) => print(clearScreen))
  yield* Result.show(choice, "Status", status, StatusTable.render)
})

export const run = ({ host, watch, ...choice }: Given<typeof options>) =>
  Effect.gen(function* () {
    const { isStdoutTerminal } = yield* Screen
    const show = once(choice, watch && isStdoutTerminal && choice.format === "table")
    yield* watch ? Effect.repeat(show, Schedule.spaced("1 second")) : show
  }).pipe(withEngine({ host }))
