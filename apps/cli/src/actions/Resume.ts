/** What `evenkeel resume` does. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Policy from "@evenkeel/executor/brakes/Policy"
import type { options } from "../commands/resume.ts"
import type { Given } from "../grammar/Parameter.ts"
import * as PolicyChange from "../PolicyChange.ts"
import * as PolicyView from "../views/PolicyView.ts"
import { withEngine } from "../WithEngine.ts"

export const run = ({ host, service, ...choice }: Given<typeof options>) =>
  Effect.gen(function* () {
    const found = Option.isNone(service) ? null : yield* PolicyChange.serviceOf(service.value)
    yield* PolicyChange.change(
      choice,
      (policy, nowMillis) => Policy.resumed(policy, found?.id ?? null, nowMillis),
      {
        told: found === null ? "Moves may begin again." : `Moves of ${found.name} may begin again.`,
        already: found === null ? "There was no pause of all services." : `${found.name} was not paused.`
      },
      PolicyView.pauses
    )
  }).pipe(withEngine({ host }))
