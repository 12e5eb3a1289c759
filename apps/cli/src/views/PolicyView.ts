/** The policy as a value and as text: what operators have set, who has paused what, which nodes are in quarantine. */
import * as BrakeSettings from "@evenkeel/executor/brakes/BrakeSettings"
import * as Policy from "@evenkeel/executor/brakes/Policy"
import type { Held } from "@evenkeel/executor/brakes/RaftDocument"
import * as SettingText from "@evenkeel/executor/brakes/SettingText"
import type { View } from "../Result.ts"
import * as Table from "../Table.ts"

const instant = (millis: number): string => new Date(millis).toISOString()
const endOf = (millis: number | null): string | null => (millis === null ? null : instant(millis))

export type PolicyView = ReturnType<typeof of>

export const of = ({ revision, value }: Held<Policy.Policy>, nowMillis: number) => {
  const approval = Policy.approvalAt(value, nowMillis)
  return {
    revision,
    /** What is set in the Swarm; everything else is as each rebalancer's environment says. */
    settings: value.settings,
    pauses: Policy.pausesAt(value, nowMillis).map(({ sinceMillis, untilMillis, ...pause }) => ({
      ...pause,
      since: instant(sinceMillis),
      until: endOf(untilMillis)
    })),
    quarantines: Policy.quarantinesAt(value, nowMillis).map(({ sinceMillis, untilMillis, ...quarantine }) => ({
      ...quarantine,
      since: instant(sinceMillis),
      until: instant(untilMillis)
    })),
    approval:
      approval === null ? null : { by: approval.by, until: instant(approval.untilMillis), moves: approval.moves.length }
  }
}

export const render = (policy: PolicyView, view: View): string =>
  [settings(policy, view), pauses(policy, view), quarantines(policy, view), approval(policy)]
    .filter((part) => part !== "")
    .join("\n")

const settings = (policy: PolicyView, { paint }: View): string => {
  const effective = BrakeSettings.withOverrides(BrakeSettings.defaults, policy.settings)
  return Table.render(
    [{ title: "SETTING" }, { title: "VALUE" }, { title: "FROM" }],
    BrakeSettings.keys.map((key) => {
      const text = SettingText.format(key, effective)
      const isSet = policy.settings[key] !== undefined
      return [
        BrakeSettings.shortKey(key),
        isSet ? paint.bold(text === "" ? "none" : text) : text === "" ? "none" : text,
        isSet ? "policy" : `default, or ${BrakeSettings.docs[key].variable}`
      ]
    }),
    paint
  )
}

/** Empty where there is none. */
export const pauses = (policy: PolicyView, { paint }: View): string =>
  policy.pauses.length === 0
    ? ""
    : Table.render(
        [{ title: "PAUSED" }, { title: "BY" }, { title: "SINCE" }, { title: "UNTIL" }, { title: "BECAUSE" }],
        policy.pauses.map(({ because, by, serviceName, since, until }) => [
          paint.yellow(serviceName ?? "all services"),
          by,
          since,
          until ?? "resumed",
          because === "" ? "-" : because
        ]),
        paint
      )

const quarantines = (policy: PolicyView, { paint }: View): string =>
  policy.quarantines.length === 0
    ? ""
    : Table.render(
        [{ title: "QUARANTINE" }, { title: "IN A ROW", align: "right" }, { title: "SINCE" }, { title: "UNTIL" }],
        policy.quarantines.map(({ hostname, level, since, until }) => [
          paint.yellow(hostname),
          String(level),
          since,
          until
        ]),
        paint
      )

const approval = (policy: PolicyView): string =>
  policy.approval === null
    ? ""
    : `Approved by ${policy.approval.by} until ${policy.approval.until}: ${policy.approval.moves} ${policy.approval.moves === 1 ? "move" : "moves"}.\n`
