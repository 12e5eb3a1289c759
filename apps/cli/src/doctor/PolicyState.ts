/** Whether policy and history can be read, and what in the policy keeps moves from beginning. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Policy from "@evenkeel/executor/brakes/Policy"
import * as PolicyStore from "@evenkeel/executor/brakes/PolicyStore"
import { type Finding, ok, problem, warning } from "./Finding.ts"

const check = "policy"

export const findings = Effect.gen(function* () {
  const nowMillis = yield* Clock.currentTimeMillis
  const policy = yield* Effect.match(PolicyStore.policy.read(), {
    onFailure: ({ message }) => [
      problem(check, "swarm", `the policy cannot be read, so nothing is moved: ${message}`, "see the message")
    ],
    onSuccess: ({ value }) => ofPolicy(value, nowMillis)
  })
  const history = yield* Effect.match(PolicyStore.history.read(), {
    onFailure: ({ message }) => [
      problem(check, "swarm", `the history cannot be read, so nothing is moved: ${message}`, "see the message")
    ],
    onSuccess: (): ReadonlyArray<Finding> => []
  })
  const found = [...policy, ...history]
  return found.length === 0 ? [ok(check, "swarm", "nothing in it holds moves back")] : found
})

const ofPolicy = (policy: Policy.Policy, nowMillis: number): ReadonlyArray<Finding> => [
  ...Policy.pausesAt(policy, nowMillis).map(({ because, by, serviceName, untilMillis }) =>
    warning(
      check,
      serviceName === null ? "swarm" : `service ${serviceName}`,
      `paused by ${by}${because === "" ? "" : `: ${because}`}${untilMillis === null ? "" : `, until ${new Date(untilMillis).toISOString()}`}`,
      `evenkeel resume${serviceName === null ? "" : ` ${serviceName}`}`
    )
  ),
  ...Policy.quarantinesAt(policy, nowMillis).map(({ hostname, untilMillis }) =>
    warning(
      check,
      `node ${hostname}`,
      `comes and goes: left alone until ${new Date(untilMillis).toISOString()}`,
      "look at its machine, its dockerd and its network"
    )
  ),
  ...(policy.settings.mode === "observe"
    ? [warning(check, "swarm", "the mode is observe: nothing is moved", "evenkeel policy set mode=act")]
    : [])
]
