import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { LabSite } from "../src/LabSite.ts"
import * as LabState from "../src/LabState.ts"
import * as Processes from "../src/Processes.ts"

const inTemporaryLab = <A, E, R>(use: (stateDir: string) => Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "lab-state-"))),
    (stateDir) =>
      use(stateDir).pipe(
        Effect.provide(
          Layer.merge(
            NodeFileSystem.layer,
            LabSite.layerOf({ stateDir, workspaceRoot: "/nowhere", dockerCommand: "docker" })
          )
        )
      ),
    (stateDir) => Effect.sync(() => rmSync(stateDir, { recursive: true, force: true }))
  )

const record = (index: number, process: Processes.ProcessIdentity | null = null) =>
  new LabState.NodeRecord({ index, manager: index === 1, process })

const stateOf = (nodes: ReadonlyArray<LabState.NodeRecord>, bootId: string) =>
  new LabState.LabState({ version: 1, bootId, storageDriver: "overlay2", nodes, registry: null, images: {} })

const ownIdentity = Effect.flatMap(Processes.identify(process.pid), Effect.fromNullable)

describe("lab state", () => {
  it.live("comes back from the file as it was written", () =>
    inTemporaryLab(() =>
      Effect.gen(function* () {
        expect(Option.isNone(yield* LabState.read)).toBe(true)
        const state = stateOf([record(1), record(2)], "boot")
        yield* LabState.write(state)
        expect(yield* LabState.read).toEqual(Option.some(state))
      })
    )
  )

  it.live("says that there is no lab", () =>
    inTemporaryLab((stateDir) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(LabState.required)
        expect(error).toMatchObject({ _tag: "LabNotUp", stateDir })
      })
    )
  )

  it.live("refuses a file that is cut short, and says what to do", () =>
    inTemporaryLab((stateDir) =>
      Effect.gen(function* () {
        writeFileSync(join(stateDir, "lab.json"), `{"version":1,"nodes":[`)
        const error = yield* Effect.flip(LabState.read)
        expect(error._tag).toBe("LabStateUnreadable")
        expect(error.message).toContain("`down` cleans up")
      })
    )
  )

  it.effect("refuses node numbers outside the plan", () =>
    Effect.gen(function* () {
      const text = JSON.stringify({
        ...{ version: 1, bootId: "b", storageDriver: "overlay2", registry: null, images: {} },
        nodes: [{ index: 10, manager: false, process: null }]
      })
      expect(Either.isLeft(yield* Effect.either(LabState.decode(text)))).toBe(true)
    })
  )

  it.live("forgets processes of another boot and processes that are not the recorded ones", () =>
    Effect.gen(function* () {
      const own = yield* ownIdentity
      const namesake = new Processes.ProcessIdentity({ pid: own.pid, startTicks: own.startTicks + 1 })
      const nodes = [record(1, own), record(2, namesake)]
      const boot = yield* Processes.bootId
      const now = yield* LabState.withoutDead(stateOf(nodes, boot))
      expect(now.nodes.map((node) => node.process)).toEqual([own, null])
      const later = yield* LabState.withoutDead(stateOf(nodes, "an earlier boot"))
      expect(later.nodes.map((node) => node.process)).toEqual([null, null])
      expect(later.bootId).toBe(boot)
    })
  )

  it.live("loses no update when nodes report side by side", () =>
    inTemporaryLab(() =>
      Effect.gen(function* () {
        yield* LabState.write(stateOf([], yield* Processes.bootId))
        yield* Effect.forEach(
          [3, 1, 2, 5, 4],
          (index) => LabState.update((state) => LabState.withNode(state, record(index))),
          { concurrency: "unbounded" }
        )
        expect((yield* LabState.required).nodes.map((node) => node.index)).toEqual([1, 2, 3, 4, 5])
      })
    )
  )

  it.live("takes an empty folder and its own, refuses a stranger's", () =>
    inTemporaryLab((stateDir) =>
      Effect.gen(function* () {
        yield* LabState.refuseForeignFolder(false)
        writeFileSync(join(stateDir, "precious"), "")
        expect(yield* Effect.flip(LabState.refuseForeignFolder(false))).toMatchObject({ _tag: "LabDirForeign" })
        yield* LabState.refuseForeignFolder(true)
        yield* LabState.write(stateOf([], "boot"))
        yield* LabState.refuseForeignFolder(false)
      })
    )
  )
})
