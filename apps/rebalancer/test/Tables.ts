/** The tables of `docs/subsystems/rebalancer.md` that are made from code. */
import * as Brake from "@evenkeel/executor/brakes/Brake"
import * as BrakeSettings from "@evenkeel/executor/brakes/BrakeSettings"
import * as Brakes from "@evenkeel/executor/brakes/Brakes"
import * as SettingText from "@evenkeel/executor/brakes/SettingText"
import * as Telling from "../src/Telling.ts"

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)))
  const line = (cells: ReadonlyArray<string>) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n")
}

const code = (text: string) => `\`${text}\``

export const brakes = table(
  ["brake", "decides", "settings", "approval goes past it"],
  Brake.names.map((name) => {
    const { decides, settings, yieldsToApproval } = Brakes.brakes[name]
    return [
      code(name),
      decides,
      settings.map((key) => code(BrakeSettings.shortKey(key))).join(", "),
      yieldsToApproval ? "yes" : "no"
    ]
  })
)

export const settings = table(
  ["setting", "variable", "default", "meaning"],
  BrakeSettings.keys.map((key) => {
    const { meaning, variable } = BrakeSettings.docs[key]
    const text = SettingText.format(key, BrakeSettings.defaults)
    return [
      code(BrakeSettings.shortKey(key)),
      code(variable.replace("EVENKEEL_REBALANCER_", "…")),
      text === "" ? "none" : text,
      meaning
    ]
  })
)

export const events = table(
  ["event", "when, and further fields"],
  Object.entries(Telling.events).map(([event, meaning]) => [code(event), meaning])
)
