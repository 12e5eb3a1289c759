import * as Either from "effect/Either"
import { describe, expect, it } from "vitest"
import * as BrakeSettings from "../../src/brakes/BrakeSettings.ts"
import * as MaintenanceWindows from "../../src/brakes/MaintenanceWindows.ts"
import * as SettingText from "../../src/brakes/SettingText.ts"

const minute = 60_000

describe("settings as text", () => {
  it.each(BrakeSettings.keys)("%s: what is shown is read back", (key) => {
    const settings = {
      ...BrakeSettings.defaults,
      windows: [
        { cron: "0 2 * * 1-5", durationMillis: 90 * minute, timeZone: "Europe/Berlin" },
        { cron: "30 1 * * *", durationMillis: 250, timeZone: "UTC" }
      ]
    }
    const text = SettingText.format(key, settings)
    expect(SettingText.parse(key, text)).toEqual(Either.right(settings[key]))
  })

  it.each<[BrakeSettings.SettingKey, string, RegExp]>([
    ["mode", "both", /expected observe or act, got "both"/],
    ["stabilisationMillis", "30", /expected a duration/],
    ["movesPerHour", "0", /expected a whole number/],
    ["movesPerHour", "2.5", /whole number/],
    ["movesPerHour", "251", /expected a whole number/],
    ["sickShare", "45", /share from 0 to 1/],
    ["allowGaps", "yes", /expected true or false, got "yes"/],
    ["windows", "every night for 4h", /cron/],
    ["windows", "0 2 * * *", /windows such as/],
    ["windows", "0 2 * * * for 1h in Atlantis", /Atlantis/]
  ])("%s=%s is refused with a reason", (key, text, reason) => {
    const read = SettingText.parse(key, text)
    expect(Either.isLeft(read) && read.left).toMatch(reason)
  })

  it("a flag is on or off", () => {
    expect(SettingText.parse("allowGaps", "true")).toEqual(Either.right(true))
    expect(SettingText.parse("allowGaps", "false")).toEqual(Either.right(false))
  })
})

describe("a maintenance window", () => {
  const window = { cron: "0 2 * * *", durationMillis: 90 * minute, timeZone: "Europe/Berlin" }
  it.each([
    ["2026-07-01T23:59:59.999Z", false],
    ["2026-07-02T00:00:00.000Z", true],
    ["2026-07-02T01:29:59.999Z", true],
    ["2026-07-02T01:30:00.000Z", false],
    // In winter Berlin is an hour behind UTC by one, not two.
    ["2026-12-02T00:30:00.000Z", false],
    ["2026-12-02T01:00:00.000Z", true]
  ])("at %s: %s", (at, isOpen) => {
    expect(MaintenanceWindows.isOpen(window, Date.parse(at))).toBe(isOpen)
  })
  it("that never comes is never open, and has no next opening", () => {
    const never = { cron: "0 0 31 2 *", durationMillis: minute, timeZone: "UTC" }
    expect(MaintenanceWindows.isOpen(never, Date.parse("2026-02-28T00:00:00Z"))).toBe(false)
    expect(MaintenanceWindows.nextOpening([never], Date.parse("2026-02-28T00:00:00Z"))).toBeNull()
  })
})
