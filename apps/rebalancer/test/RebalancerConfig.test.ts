import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as BrakeSettings from "@evenkeel/executor/brakes/BrakeSettings"
import * as Settings from "@evenkeel/observability/Settings"
import { RebalancerConfig } from "../src/RebalancerConfig.ts"

describe("settings from the environment", () => {
  it.effect("without any: the documented defaults, and observe", () =>
    Effect.gen(function* () {
      const config = yield* Settings.load(RebalancerConfig, {})
      expect(config.settings).toEqual(BrakeSettings.defaults)
      expect([config.settings.mode, config.port, config.adminPort]).toEqual(["observe", 7070, 7071])
      expect([config.webhookUrl, config.consentUrl, config.token].every(Option.isNone)).toBe(true)
    })
  )

  it.effect("each brake setting by its variable, as text", () =>
    Effect.gen(function* () {
      const { settings } = yield* Settings.load(RebalancerConfig, {
        EVENKEEL_REBALANCER_MODE: "act",
        EVENKEEL_REBALANCER_STABILISATION: "5s",
        EVENKEEL_REBALANCER_SICK_SHARE: "0.5",
        EVENKEEL_REBALANCER_WINDOWS: "0 2 * * * for 4h in Europe/Berlin; 0 14 * * 6 for 30m"
      })
      expect(settings).toEqual({
        ...BrakeSettings.defaults,
        mode: "act",
        stabilisationMillis: 5_000,
        sickShare: 0.5,
        windows: [
          { cron: "0 2 * * *", durationMillis: 14_400_000, timeZone: "Europe/Berlin" },
          { cron: "0 14 * * 6", durationMillis: 1_800_000, timeZone: "UTC" }
        ]
      })
    })
  )

  it.effect("all that is wrong at once, and no address that may be secret", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Settings.load(RebalancerConfig, {
          EVENKEEL_REBALANCER_MOVES_PER_HOUR: "many",
          EVENKEEL_REBALANCER_QUARANTINE: "5",
          EVENKEEL_REBALANCER_WEBHOOK_URL: "hooks.example/?token=secret"
        })
      )
      expect(error.problems.map(({ variable }) => variable).sort()).toEqual([
        "EVENKEEL_REBALANCER_MOVES_PER_HOUR",
        "EVENKEEL_REBALANCER_QUARANTINE",
        "EVENKEEL_REBALANCER_WEBHOOK_URL"
      ])
      expect(error.message).not.toContain("secret")
    })
  )
})
