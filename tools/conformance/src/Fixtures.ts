/** Recorded traces of the real Swarm, one file for each scenario. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { join, resolve } from "node:path"
import { Allowances } from "./Allowed.ts"
import { decode, encode, type Trace } from "./Trace.ts"

/** Recordings of Docker Engine 20.10, API 1.41. */
export const folder = resolve(import.meta.dirname, "..", "fixtures", "engine-20.10")

const fileOf = (scenario: string): string => join(folder, `${scenario}.jsonl`)

const writeTo = Effect.fn("Fixtures.writeTo")(function* (directory: string, trace: Trace) {
  const files = yield* FileSystem.FileSystem
  const path = join(directory, `${trace.scenario}.jsonl`)
  yield* files.makeDirectory(directory, { recursive: true })
  yield* files.writeFileString(path, encode(trace))
  return path
})

export const write = (trace: Trace) => writeTo(folder, trace)

/** Keeps what the embedded Swarm could not follow, to be looked at or made a recording; answers with the file's path. */
export const keepDiffering = (trace: Trace) =>
  writeTo(resolve(import.meta.dirname, "..", "..", "..", "dist", "conformance"), trace)

/** The recording of a scenario; null when there is none. */
export const read = Effect.fn("Fixtures.read")(function* (scenario: string) {
  const files = yield* FileSystem.FileSystem
  if (!(yield* files.exists(fileOf(scenario)))) return null
  return decode(yield* files.readFileString(fileOf(scenario)))
})

/** Seeds of the random scenarios that are recorded. */
export const randomSeeds = Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  return (yield* files.readDirectory(folder))
    .flatMap((name) => {
      const seed = /^random-(\d+)\.jsonl$/.exec(name)?.[1]
      return seed === undefined ? [] : [Number(seed)]
    })
    .toSorted((a, b) => a - b)
})

/** The differences that are accepted, with their reasons. */
export const allowances = Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  return yield* Schema.decode(Allowances)(yield* files.readFileString(join(folder, "..", "allowed.json")))
})
