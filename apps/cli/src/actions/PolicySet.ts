/** What `evenkeel policy set` does. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { SettingsOverrides } from "@evenkeel/executor/brakes/BrakeSettings"
import * as Policy from "@evenkeel/executor/brakes/Policy"
import * as SettingText from "@evenkeel/executor/brakes/SettingText"
import type { setOptions } from "../commands/policy/commands.ts"
import type { Given } from "../grammar/Parameter.ts"
import * as PolicyChange from "../PolicyChange.ts"
import { withEngine } from "../WithEngine.ts"

const parse = Effect.fn("policy.parse")(function* (text: string) {
  const at = text.indexOf("=")
  if (at < 0) return yield* new PolicyChange.SettingWrong({ text, reason: "expected setting=value" })
  const key = yield* PolicyChange.keyOf(text, text.slice(0, at))
  const value = SettingText.parse(key, text.slice(at + 1))
  if (Either.isLeft(value)) return yield* new PolicyChange.SettingWrong({ text, reason: value.left })
  return { [key]: value.right } as SettingsOverrides
})

export const run = ({ host, settings, ...choice }: Given<typeof setOptions>) =>
  Effect.gen(function* () {
    const parsed = yield* Effect.forEach(settings, parse)
    const given: SettingsOverrides = Object.assign({}, ...parsed)
    yield* PolicyChange.change(choice, (policy) => Policy.withSettings(policy, { ...policy.settings, ...given }), {
      told: "Set for all rebalancers.",
      already: "Set so already."
    })
  }).pipe(withEngine({ host }))
