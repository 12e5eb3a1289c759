/**
 * What the lab remembers between two calls: which processes it started, which nodes it has, which images it built.
 *
 * The file `<state dir>/lab.json` is written before anything else is made and removed last, so its presence also says
 * that the folder belongs to a lab. What can be asked of the kernel or of an engine (links, readiness) is not kept here.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { LabSite } from "./LabSite.ts"
import { ProcessIdentity, bootId, isAlive } from "./Processes.ts"

/** A node as recorded. `process` is the first process of its PID namespace; `null` after a crash. */
export class NodeRecord extends Schema.Class<NodeRecord>("NodeRecord")({
  index: Schema.Int.pipe(Schema.between(1, 9)),
  manager: Schema.Boolean,
  process: Schema.NullOr(ProcessIdentity)
}) {
  get name(): string {
    return `n${this.index}`
  }
}

export class LabState extends Schema.Class<LabState>("LabState")({
  version: Schema.Literal(1),
  /** `/proc/sys/kernel/random/boot_id` at the time the processes were recorded. */
  bootId: Schema.String,
  /** `overlay2`, or what the machine's file system allows instead. */
  storageDriver: Schema.String,
  nodes: Schema.Array(NodeRecord),
  registry: Schema.NullOr(ProcessIdentity),
  /** Content hash each image was built from, by reference. */
  images: Schema.Record({ key: Schema.String, value: Schema.String })
}) {
  node(name: string): NodeRecord | undefined {
    return this.nodes.find((node) => node.name === name)
  }
}

/** `lab.json` is there but cannot be understood. */
export class LabStateUnreadable extends Schema.TaggedError<LabStateUnreadable>()("LabStateUnreadable", {
  path: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `The lab's state ${this.path} cannot be read (${this.reason}). \`down\` cleans up without it; then \`up\` starts afresh.`
  }
}

/** A verb needs a lab and there is none. */
export class LabNotUp extends Schema.TaggedError<LabNotUp>()("LabNotUp", { stateDir: Schema.String }) {
  override get message(): string {
    return `There is no lab in ${this.stateDir}. Start one with \`lab up\`, or name another folder by EVENKEEL_LAB_DIR.`
  }
}

/** The folder meant for the lab holds something else. */
export class LabDirForeign extends Schema.TaggedError<LabDirForeign>()("LabDirForeign", { stateDir: Schema.String }) {
  override get message(): string {
    return `${this.stateDir} is not empty and was not made by the lab. Name an empty or new folder by EVENKEEL_LAB_DIR.`
  }
}

const Json = Schema.parseJson(LabState, { space: 2 })

/** Text of `lab.json` to state. */
export const decode = Schema.decodeUnknown(Json)

const encode = Schema.encode(Json)

const statePath = (stateDir: string): string => `${stateDir}/lab.json`

/** The recorded state as it stands in the file; `None` without a lab. */
export const read = Effect.gen(function* () {
  const { stateDir } = yield* LabSite
  const files = yield* FileSystem.FileSystem
  const path = statePath(stateDir)
  if (!(yield* files.exists(path))) return Option.none<LabState>()
  const text = yield* files.readFileString(path)
  const state = yield* Effect.mapError(
    decode(text),
    (cause) =>
      new LabStateUnreadable({
        path,
        reason:
          cause.message
            .trimEnd()
            .split("\n")
            .at(-1)
            ?.replace(/^[\s└─]+/, "") ?? ""
      })
  )
  return Option.some(state)
})

/** The state with processes of an earlier boot, or that have ended, taken out. Does not write. */
export const withoutDead = Effect.fn("LabState.withoutDead")(function* (state: LabState) {
  const boot = yield* bootId
  const sameBoot = state.bootId === boot
  const living = (identity: ProcessIdentity | null) =>
    identity !== null && sameBoot
      ? Effect.map(isAlive(identity), (alive) => (alive ? identity : null))
      : Effect.succeed(null)
  const nodes = yield* Effect.forEach(state.nodes, (node) =>
    Effect.map(living(node.process), (process) => new NodeRecord({ ...node, process }))
  )
  return new LabState({ ...state, bootId: boot, nodes, registry: yield* living(state.registry) })
})

/** The state of a lab that must be there, dead processes taken out. */
export const required = Effect.gen(function* () {
  const { stateDir } = yield* LabSite
  const found = yield* read
  if (Option.isNone(found)) return yield* new LabNotUp({ stateDir })
  return yield* withoutDead(found.value)
})

/** Writes the state in one step (a reader never sees half a file). Creates the folder. */
export const write = Effect.fn("LabState.write")(function* (state: LabState) {
  const { stateDir } = yield* LabSite
  const files = yield* FileSystem.FileSystem
  yield* files.makeDirectory(stateDir, { recursive: true, mode: 0o711 })
  const path = statePath(stateDir)
  yield* files.writeFileString(`${path}.new`, `${yield* Effect.orDie(encode(state))}\n`)
  yield* files.rename(`${path}.new`, path)
})

const oneWriter = Effect.unsafeMakeSemaphore(1)

/** Reads, changes and writes the state of a lab that is there; nodes that boot side by side take turns. */
export const update = Effect.fn("LabState.update")(function* (change: (state: LabState) => LabState) {
  return yield* Effect.flatMap(required, (state) => write(change(state))).pipe(oneWriter.withPermits(1))
})

/** The state with one node's record replaced, or added. */
export const withNode = (state: LabState, record: NodeRecord): LabState =>
  new LabState({
    ...state,
    nodes: [...state.nodes.filter((node) => node.index !== record.index), record].sort((a, b) => a.index - b.index)
  })

/**
 * Fails when the folder holds anything while no lab is recorded in it. `owned`: the lab's bridge names this folder, so it
 * is the lab's although its state file was lost.
 */
export const refuseForeignFolder = Effect.fn("LabState.refuseForeignFolder")(function* (owned: boolean) {
  const { stateDir } = yield* LabSite
  const files = yield* FileSystem.FileSystem
  if (owned || !(yield* files.exists(stateDir)) || (yield* files.exists(statePath(stateDir)))) return
  const entries = yield* files.readDirectory(stateDir)
  if (entries.some((entry) => entry !== "lab.json.new")) return yield* new LabDirForeign({ stateDir })
})
