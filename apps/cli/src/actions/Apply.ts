/** What `evenkeel apply` does: finishes open moves, shows the plan, asks, and carries it out. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import * as ApplyMoves from "../ApplyMoves.ts"
import * as Asking from "../Asking.ts"
import type { options } from "../commands/apply.ts"
import type { Given } from "../grammar/Parameter.ts"
import * as PlanFile from "../PlanFile.ts"
import { planNow } from "../PlanNow.ts"
import * as Result from "../Result.ts"
import { Screen } from "../Screen.ts"
import { withEngine } from "../WithEngine.ts"
import * as PlanView from "../views/PlanView.ts"

const onInterrupt = () =>
  Effect.flatMap(Screen, ({ tell }) =>
    tell(
      "A move that has begun goes on: its journal is in the service's labels. A rebalancer in mode act finishes it; so does evenkeel apply."
    )
  )

/** The plan in the file with the hostnames of now, or a new plan. */
const viewOf = Effect.fn("apply.viewOf")(function* (file: Option.Option<string>, coolDownMillis: number) {
  const fresh = yield* planNow(coolDownMillis, false)
  return Option.isNone(file) ? fresh : { ...fresh, ...(yield* PlanFile.read(file.value)) }
})

export const run = (given: Given<typeof options>) =>
  Effect.gen(function* () {
    const { coolDown, file, moveDeadline, stability, yes, ...choice } = given
    const screen = yield* Screen
    const client = yield* SwarmClient
    const command = `evenkeel apply${Option.match(file, { onNone: () => "", onSome: (path) => ` ${path}` })}`
    const confirm = (question: string) => Asking.confirm({ command, question, yes })
    const pace = { stabilityMillis: stability, moveDeadlineMillis: moveDeadline }

    const finished = yield* Effect.onInterrupt(ApplyMoves.finishAfterAsking(pace, screen.tell, confirm), onInterrupt)

    const view = yield* viewOf(file, coolDown)
    const { coolDownMillis, plan } = view
    // What is asked about stands where the question stands; stdout is for the result.
    yield* screen.tell(PlanView.render(view, yield* Result.stderrView(choice)))
    yield* ApplyMoves.refuseStale(plan, (yield* client.reading).snapshot)
    if (!plan.isEmpty) yield* confirm(plan.moves.length === 1 ? "Make this move?" : "Make these moves?")
    const moved = yield* Effect.onInterrupt(
      ApplyMoves.apply(plan, { ...pace, coolDownMillis }, screen.tell),
      onInterrupt
    )
    yield* Result.show(choice, "Applied", { moved, finished, moves: PlanView.fields(view).moves }, render)
  }).pipe(withEngine(given))

const render = ({ finished, moved }: { readonly moved: number; readonly finished: number }): string => {
  const count = (moves: number) => (moves === 1 ? "1 move" : `${moves} moves`)
  const open = finished === 0 ? "" : `${count(finished)} finished. `
  return `${open}${moved === 0 ? "Nothing to move." : `${count(moved)} made.`}\n`
}
