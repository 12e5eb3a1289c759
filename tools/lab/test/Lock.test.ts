import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { LabSite } from "../src/LabSite.ts"
import { withLock } from "../src/Lock.ts"

const inTemporaryLab = <A, E, R>(use: (stateDir: string) => Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "lab-lock-"))),
    (folder) => {
      const stateDir = join(folder, "lab")
      const site = LabSite.layerOf({ stateDir, workspaceRoot: "/nowhere", dockerCommand: "docker" })
      return use(stateDir).pipe(Effect.provide(Layer.merge(NodeFileSystem.layer, site)))
    },
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )

describe("lock", () => {
  it.live("lets one verb after the other work on a lab", () =>
    inTemporaryLab(() =>
      Effect.gen(function* () {
        const trace: Array<string> = []
        const verb = (name: string) =>
          withLock(
            Effect.gen(function* () {
              trace.push(`${name} begins`)
              yield* Effect.yieldNow()
              trace.push(`${name} ends`)
            })
          )
        yield* Effect.all([verb("a"), verb("b"), verb("c")], { concurrency: "unbounded" })
        expect(trace).toHaveLength(6)
        for (const position of [0, 2, 4]) {
          expect(trace[position + 1]).toBe(trace[position]?.replace("begins", "ends"))
        }
      })
    )
  )

  it.live("is given back when the verb fails", () =>
    inTemporaryLab((stateDir) =>
      Effect.gen(function* () {
        expect(yield* Effect.flip(withLock(Effect.fail("boom" as const)))).toBe("boom")
        expect(existsSync(`${stateDir}.lock`)).toBe(false)
      })
    )
  )

  it.live("is taken over from a holder that has ended", () =>
    inTemporaryLab((stateDir) =>
      Effect.gen(function* () {
        // This process id is in use, but by a process with another start time.
        writeFileSync(`${stateDir}.lock`, JSON.stringify({ pid: process.pid, startTicks: 1 }))
        expect(yield* withLock(Effect.succeed("done"))).toBe("done")
      })
    )
  )
})
