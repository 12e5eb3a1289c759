/**
 * Taking a lab down: everything it started, made or wrote, also when its state is stale, half written or lost.
 *
 * Only processes are ended that the state names by id and start time, or that carry the lab's marker with this very state
 * directory in their environment. What is left is looked for afterwards and reported.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as ControlGroups from "./ControlGroups.ts"
import { LabSite } from "./LabSite.ts"
import * as LabSpec from "./LabSpec.ts"
import * as LabState from "./LabState.ts"
import * as Network from "./Network.ts"
import * as Processes from "./Processes.ts"
import { run } from "./Shell.ts"
import { readFileSync } from "node:fs"

/** Something of the lab could not be removed. */
export class LabLeftovers extends Schema.TaggedError<LabLeftovers>()("LabLeftovers", {
  leftovers: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return ["The lab is down, but this is left of it:", ...this.leftovers.map((item) => `  - ${item}`)].join("\n")
  }
}

/** Processes of this lab: those the state names, those that carry its marker. */
const ownProcesses = Effect.gen(function* () {
  const { stateDir } = yield* LabSite
  const recorded = yield* LabState.read.pipe(
    Effect.orElseSucceed(Option.none),
    Effect.flatMap(Option.match({ onNone: () => Effect.succeed([]), onSome: recordedProcesses }))
  )
  const marked = yield* Processes.findByEnvironment(LabSpec.processMarker, (value) => value.startsWith(`${stateDir}/`))
  return [...recorded, ...marked]
})

const recordedProcesses = (state: LabState.LabState) =>
  Effect.map(LabState.withoutDead(state), ({ nodes, registry }) =>
    [...nodes.map((node) => node.process), registry].filter((identity) => identity !== null)
  )

/** Mount points below a folder in the text of `/proc/self/mounts`, deepest first. */
export const mountsBelow = (mounts: string, folder: string): ReadonlyArray<string> =>
  mounts
    .split("\n")
    .map((line) =>
      (line.split(" ")[1] ?? "").replace(/\\(\d{3})/g, (_, code) => String.fromCharCode(parseInt(code, 8)))
    )
    .filter((mountPoint) => mountPoint.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length)

const currentMounts = (folder: string) =>
  Effect.sync(() => mountsBelow(readFileSync("/proc/self/mounts", "utf8"), folder))

/** Takes the lab down. Gives back whether there was anything to take down. */
export const down = Effect.gen(function* () {
  const { stateDir } = yield* LabSite
  const files = yield* FileSystem.FileSystem
  yield* LabState.refuseForeignFolder(yield* Network.ownsBridge)
  const existed = (yield* files.exists(stateDir)) || (yield* Network.remains).length > 0
  // The first processes go first: with each of them its whole PID namespace ends.
  const processes = yield* ownProcesses
  yield* Effect.forEach(processes, (identity) => Processes.kill(identity, "a process of the lab"), {
    concurrency: "unbounded",
    discard: true
  })
  yield* Effect.forEach(LabSpec.nodePlans(LabSpec.maxNodes), Network.removeNode, { discard: true })
  yield* Network.removeBridge
  yield* ControlGroups.remove()
  yield* Effect.forEach(yield* currentMounts(stateDir), (mountPoint) => run("umount", ["--lazy", mountPoint]))
  yield* files.remove(stateDir, { recursive: true, force: true })
  yield* Processes.awaitReaped(processes)
  const leftovers = [
    ...(yield* Network.remains),
    ...(yield* ControlGroups.remains),
    ...(yield* currentMounts(stateDir)).map((mountPoint) => `mount ${mountPoint}`),
    ...(yield* ownProcesses).map(({ pid }) => `process ${pid}`),
    ...((yield* files.exists(stateDir)) ? [`folder ${stateDir}`] : [])
  ]
  if (leftovers.length > 0) return yield* new LabLeftovers({ leftovers })
  return existed
})
