import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import { LabSite } from "../src/LabSite.ts"
import { MissingRequirement, checkRequirements, commands, report } from "../src/Requirements.ts"

const missing = (what: string, cure: string) => new MissingRequirement({ what, why: "because", cure })

describe("report", () => {
  it("names every missing item with its cure", () => {
    const text = report([
      missing("the program dockerd", "apt-get install docker.io"),
      missing("VXLAN links", "`modprobe vxlan`")
    ])
    expect(text).toContain("- the program dockerd: because. Cure: apt-get install docker.io")
    expect(text).toContain("- VXLAN links: because. Cure: `modprobe vxlan`")
    expect(text).not.toContain("All packages")
  })

  it("gathers the packages in one line, each once", () => {
    const text = report([
      missing("a", "apt-get install docker.io"),
      missing("b", "apt-get install docker.io"),
      missing("c", "apt-get install iproute2")
    ])
    expect(text).toContain("apt-get update && apt-get install docker.io iproute2")
  })
})

describe("requirements", () => {
  it("name a package for every program", () => {
    expect(commands("docker").every(({ debianPackage }) => /^[a-z0-9.-]+$/.test(debianPackage))).toBe(true)
  })

  it.live("report a program that is not there", () =>
    Effect.gen(function* () {
      const site = { stateDir: "/nowhere", workspaceRoot: "/nowhere", dockerCommand: "docker-that-is-not-there" }
      const error = yield* checkRequirements.pipe(Effect.flip, Effect.provide(LabSite.layerOf(site)))
      expect(error._tag).toBe("LabRequirementsMissing")
      const expected = process.platform === "linux" ? "the program docker-that-is-not-there" : "Linux (this is"
      expect(error.message).toContain(expected)
    })
  )
})
