import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as RouterConfig from "../src/RouterConfig.ts"
import * as RouterUsage from "../src/RouterUsage.ts"

describe("RouterConfig.load", () => {
  it.effect("has a default for everything", () =>
    Effect.gen(function* () {
      const config = yield* RouterConfig.load({})
      expect(config).toMatchObject({
        host: "0.0.0.0",
        port: 8080,
        adminPort: 9080,
        heartbeatPort: 9081,
        feedDns: "tasks.rebalancer",
        feedUrls: [],
        feedPort: 7070,
        trustedProxies: [],
        tlsCertificates: [],
        tlsPort: 8443,
        httpsPort: 443,
        accessLogRate: 0,
        accessLogTo: "-",
        tableCache: null,
        tableMaxAgeMillis: 3_600_000,
        drainDeadlineMillis: 8_000,
        logLevel: "info"
      })
      expect(config.nodeId).not.toBe("")
    })
  )

  it.effect("leaves DNS alone where URLs are given, unless a name is given too", () =>
    Effect.gen(function* () {
      const EVENKEEL_FEED_URLS = "ws://10.0.0.5:7070/feed, wss://b/feed"
      const fixed = yield* RouterConfig.load({ EVENKEEL_FEED_URLS })
      expect([fixed.feedDns, fixed.feedUrls]).toEqual([null, ["ws://10.0.0.5:7070/feed", "wss://b/feed"]])
      const both = yield* RouterConfig.load({ EVENKEEL_FEED_URLS, EVENKEEL_FEED_DNS: "tasks.other" })
      expect(both.feedDns).toBe("tasks.other")
    })
  )

  it.effect.each([
    { variable: "EVENKEEL_ROUTER_TRUSTED_PROXIES", value: "10.0.0.0/33" },
    { variable: "EVENKEEL_ROUTER_TRUSTED_PROXIES", value: "10.0.0.0/8,proxy" },
    { variable: "EVENKEEL_ROUTER_TRUSTED_PROXIES", value: "10.0.0.0/" },
    { variable: "EVENKEEL_ROUTER_DRAIN_DEADLINE", value: "8" },
    { variable: "EVENKEEL_FEED_URLS", value: "http://10.0.0.5/feed" },
    { variable: "EVENKEEL_ROUTER_PORT", value: "http" },
    { variable: "EVENKEEL_ROUTER_ACCESS_LOG", value: "some" },
    { variable: "EVENKEEL_ROUTER_ACCESS_LOG", value: "sampled:0" },
    { variable: "EVENKEEL_ROUTER_ACCESS_LOG", value: "sampled:1.5" },
    { variable: "EVENKEEL_ROUTER_TLS_CERTIFICATES", value: "a.crt:a.key:more" },
    { variable: "EVENKEEL_ROUTER_UPSTREAM_CA", value: "/run/secrets/ca" },
    { variable: "EVENKEEL_LOG_LEVEL", value: "loud" }
  ])("refuses $variable=$value by name", ({ value, variable }) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(RouterConfig.load({ [variable]: value }))
      expect(error.problems.map((problem) => problem.variable)).toEqual([variable])
      expect(error.message).toContain(value)
    })
  )

  it.effect("takes networks of both families", () =>
    Effect.gen(function* () {
      const trusted = "10.0.0.0/8,192.0.2.7,fd00::/8,::1"
      const config = yield* RouterConfig.load({ EVENKEEL_ROUTER_TRUSTED_PROXIES: trusted })
      expect(config.trustedProxies).toEqual(trusted.split(","))
    })
  )

  it.effect("reads how much is logged", () =>
    Effect.gen(function* () {
      const rateOf = (value: string) =>
        Effect.map(RouterConfig.load({ EVENKEEL_ROUTER_ACCESS_LOG: value }), ({ accessLogRate }) => accessLogRate)
      expect(yield* rateOf("off")).toBe(0)
      expect(yield* rateOf("all")).toBe(1)
      expect(yield* rateOf("sampled:0.01")).toBe(0.01)
    })
  )

  it.effect("prints what is in force without the secrets", () =>
    Effect.gen(function* () {
      const config = yield* RouterConfig.load({
        EVENKEEL_TOKEN: "s3cret",
        EVENKEEL_ROUTER_STICKY_KEY: "s3cret too",
        EVENKEEL_ROUTER_PORT: "81"
      })
      const text = RouterConfig.print(config, "/table.json")
      expect(text).not.toContain("s3cret")
      const printed = { port: 81, token: "(set)", stickyKey: "(set)", upstreamAuthorities: null }
      expect(JSON.parse(text)).toMatchObject({ ...printed, tableFile: "/table.json" })
    })
  )
})

describe("RouterUsage.parseFlags", () => {
  it("reads the flags, and refuses what it does not know", () => {
    const flags = { tableFile: "t.json", help: false, printConfig: true }
    expect(RouterUsage.parseFlags(["--table", "t.json", "--print-config"])).toEqual(Either.right(flags))
    for (const wrong of [["--tabel", "x"], ["--table"], ["serve"]])
      expect(Either.isLeft(RouterUsage.parseFlags(wrong))).toBe(true)
  })

  it("tells of every setting in the help", () => {
    for (const [variable, byDefault] of RouterUsage.settings) {
      expect(RouterUsage.help).toContain(variable)
      expect(RouterUsage.help).toContain(`[${byDefault}]`)
    }
  })
})
