/** What `evenkeel history` does. */
import type * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as PolicyStore from "@evenkeel/executor/brakes/PolicyStore"
import type { options } from "../commands/history.ts"
import * as Result from "../Result.ts"
import * as HistoryView from "../views/HistoryView.ts"
import { withEngine } from "../WithEngine.ts"

export const run = ({ host, limit, ...choice }: Command.Command.ParseConfig<typeof options>) =>
  Effect.gen(function* () {
    const { moves } = (yield* PolicyStore.history.read()).value
    const shown = limit > 0 ? moves.slice(0, limit) : moves
    yield* Result.show(choice, "History", HistoryView.of(shown), HistoryView.render)
  }).pipe(withEngine({ host }))
