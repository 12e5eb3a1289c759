/** What `evenkeel policy unset` does. */
import * as Effect from "effect/Effect"
import type { SettingsOverrides } from "@evenkeel/executor/brakes/BrakeSettings"
import * as Policy from "@evenkeel/executor/brakes/Policy"
import type { unsetOptions } from "../commands/policy/commands.ts"
import type { Given } from "../grammar/Parameter.ts"
import * as PolicyChange from "../PolicyChange.ts"
import { withEngine } from "../WithEngine.ts"

export const run = ({ host, settings, ...choice }: Given<typeof unsetOptions>) =>
  Effect.gen(function* () {
    const keys = new Set<string>(yield* Effect.forEach(settings, (text) => PolicyChange.keyOf(text, text)))
    const without = (before: SettingsOverrides): SettingsOverrides =>
      Object.fromEntries(Object.entries(before).filter(([key]) => !keys.has(key)))
    yield* PolicyChange.change(choice, (policy) => Policy.withSettings(policy, without(policy.settings)), {
      told: "As the rebalancers' environment says.",
      already: "Not set in the first place."
    })
  }).pipe(withEngine({ host }))
