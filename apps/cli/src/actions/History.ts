/** What `evenkeel history` does. */
import * as Effect from "effect/Effect"
import * as PolicyStore from "@evenkeel/executor/brakes/PolicyStore"
import type { options } from "../commands/history.ts"
import type { Given } from "../grammar/Parameter.ts"
import * as Result from "../Result.ts"
import * as HistoryView from "../views/HistoryView.ts"
import { withEngine } from "../WithEngine.ts"

export const run = ({ host, limit, ...choice }: Given<typeof options>) =>
  Effect.gen(function* () {
    const { moves } = (yield* PolicyStore.history.read()).value
    const shown = limit > 0 ? moves.slice(0, limit) : moves
    yield* Result.show(choice, "History", HistoryView.of(shown), HistoryView.render)
  }).pipe(withEngine({ host }))
