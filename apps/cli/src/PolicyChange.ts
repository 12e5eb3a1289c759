/** Reads and changes the policy that all rebalancers go by, in the Swarm itself: no rebalancer has to be up for that. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as BrakeSettings from "@evenkeel/executor/brakes/BrakeSettings"
import type * as Policy from "@evenkeel/executor/brakes/Policy"
import * as PolicyStore from "@evenkeel/executor/brakes/PolicyStore"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import type { OutputChoice } from "./CommonOptions.ts"
import { didYouMean } from "./Nearest.ts"
import * as Result from "./Result.ts"
import { Screen } from "./Screen.ts"
import * as PolicyView from "./views/PolicyView.ts"

/** Represents a setting that there is none of, or a value that makes no sense for it. */
export class SettingWrong extends Schema.TaggedError<SettingWrong>()("SettingWrong", {
  text: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `"${this.text}": ${this.reason}`
  }
}

/** The setting by its short or its full name. */
export const keyOf = (text: string, name: string): Effect.Effect<BrakeSettings.SettingKey, SettingWrong> => {
  const key = BrakeSettings.keys.find((each) => each === name || BrakeSettings.shortKey(each) === name)
  if (key !== undefined) return Effect.succeed(key)
  const hint = didYouMean(name, BrakeSettings.keys.map(BrakeSettings.shortKey))
  return new SettingWrong({ text, reason: `there is no setting ${name}.${hint} evenkeel policy show names all` })
}

/** Who asks, as far as the environment says. */
export const author = Effect.map(
  Screen,
  ({ environment }) => environment["SUDO_USER"] ?? environment["USER"] ?? "the command line"
)

/** Shows what holds now. */
export const show = Effect.fn("PolicyChange.show")(function* (choice: OutputChoice) {
  const held = yield* PolicyStore.policy.read()
  yield* Result.show(choice, "Policy", PolicyView.of(held, yield* Clock.currentTimeMillis), PolicyView.render)
})

/** Makes the change, then shows what holds of what `render` tells. `told` is said when it changed something, `already` else. */
export const change = Effect.fn("PolicyChange.change")(function* (
  choice: OutputChoice,
  change: (policy: Policy.Policy, nowMillis: number) => Policy.Policy,
  words: { readonly told: string; readonly already: string },
  render: typeof PolicyView.render = PolicyView.render
) {
  const screen = yield* Screen
  const nowMillis = yield* Clock.currentTimeMillis
  const before = yield* PolicyStore.policy.read()
  const after = yield* PolicyStore.policy.change((policy) => change(policy, nowMillis))
  yield* screen.tell(after.revision === before.revision ? words.already : words.told)
  yield* Result.show(choice, "Policy", PolicyView.of(after, nowMillis), render)
})

/** The service's id and name. */
export const serviceOf = (wanted: string) =>
  Effect.flatMap(SwarmClient, (client) => Effect.map(client.service(wanted), ({ service }) => service))
