/** What `evenkeel pause` does. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Policy from "@evenkeel/executor/brakes/Policy"
import type { options } from "../commands/pause.ts"
import type { Given } from "../grammar/Parameter.ts"
import * as PolicyChange from "../PolicyChange.ts"
import * as PolicyView from "../views/PolicyView.ts"
import { withEngine } from "../WithEngine.ts"

export const run = ({ because, for: duration, host, service, ...choice }: Given<typeof options>) =>
  Effect.gen(function* () {
    const found = Option.isNone(service) ? null : yield* PolicyChange.serviceOf(service.value)
    const by = yield* PolicyChange.author
    const what = found === null ? "All moves are" : `${found.name} is`
    yield* PolicyChange.change(
      choice,
      (policy, nowMillis) =>
        Policy.paused(
          policy,
          {
            service: found?.id ?? null,
            serviceName: found?.name ?? null,
            because: Option.getOrElse(because, () => ""),
            by,
            sinceMillis: nowMillis,
            untilMillis: duration === null ? null : nowMillis + duration
          },
          nowMillis
        ),
      { told: `${what} paused; a move that is under way is brought to its end.`, already: `${what} paused already.` },
      PolicyView.pauses
    )
  }).pipe(withEngine({ host }))
