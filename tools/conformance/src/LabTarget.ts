/**
 * The lab's real Swarm as a target: requests go to the engines' sockets, faults through the lab's command line, the docker
 * command line to a manager that lives. Observes by reading the three lists; what lies between two readings is not seen.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { join } from "node:path"
import { docker, execute, workspace } from "./Command.ts"
import { at, type EngineObject, listOf, numberAt, parse, textAt } from "./EngineValue.ts"
import * as EngineHttp from "./EngineHttp.ts"
import type { Enter } from "./LabNamespace.ts"
import { reset } from "./LabReset.ts"
import { leaderOf, type Observation, type Target, TargetFailed } from "./Target.ts"
import type { NodeShape } from "./Trace.ts"

const api = "/v1.41"

export interface LabOptions {
  /** As the lab's `--heartbeat`. */
  readonly heartbeat: string
  /** How many of the three nodes are managers. */
  readonly managers: number
  /** Default: that of the environment, or `/var/lib/evenkeel-lab`. */
  readonly stateDir?: string
  /** What the lab's commands begin with, to run in namespaces of their own. Default: nothing. */
  readonly enter?: Enter
}

/** The second name of the lab's base image: what an update changes to. */
const otherImage = "10.77.0.1:5000/evenkeel/node:other"
const baseImage = "10.77.0.1:5000/evenkeel/node:26"

/** A manager that has lost the others answers late or not at all: who is asked next sees the Swarm meanwhile. */
const observationTimeoutMillis = 2_500
const silenceLimitMillis = 120_000

/** What a manager says that knows of no leader. */
const refusal = "does not have a leader"

export const defaultStateDir = (): string => process.env["EVENKEEL_LAB_DIR"] || "/var/lib/evenkeel-lab"

const placeOf = ({ enter = [], stateDir = defaultStateDir() }: Pick<LabOptions, "enter" | "stateDir">) => ({
  enter,
  stateDir
})

const lab = (place: Pick<LabOptions, "enter" | "stateDir">, ...words: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { enter, stateDir } = placeOf(place)
    const [command = process.execPath, ...args] = [
      ...[...enter, process.execPath],
      ...["--conditions=@evenkeel/source", join(workspace, "tools/lab/src/main.ts"), ...words]
    ]
    const done = yield* execute(command, args, { cwd: workspace, env: { EVENKEEL_LAB_DIR: stateDir } })
    if (done.exitCode === 0) return
    return yield* new TargetFailed({ target: "lab", operation: `lab ${words.join(" ")}`, reason: done.stderr.trim() })
  })

/** Takes the lab away. */
export const down = (place: Pick<LabOptions, "enter" | "stateDir"> = {}) => lab(place, "down")

/** The swarm-scope events of every manager, as far as nothing has cut them off. */
const followEvents = (managers: ReadonlyArray<string>, socketOf: (node: string) => string) =>
  Effect.gen(function* () {
    const heard = new Map<string, Array<EngineObject>>(managers.map((name) => [name, []]))
    const path = `${api}/events?filters=${encodeURIComponent('{"scope":["swarm"]}')}`
    for (const name of managers)
      yield* Effect.acquireRelease(
        Effect.sync(() =>
          EngineHttp.follow(socketOf(name), path, (line) => heard.get(name)?.push(...listOf([parse(line)])))
        ),
        (stream) => Effect.sync(stream.close)
      )
    return heard
  })

/** Brings the lab up as scenarios expect it: three nodes, the images; ends with the scope's event streams only. */
export const make = Effect.fn("LabTarget.make")(function* (options: LabOptions) {
  const { stateDir } = placeOf(options)
  const socketOf = (node: string) => `${stateDir}/${node}/docker.sock`
  yield* lab(options, "up", "--nodes", "3", "--managers", String(options.managers), "--heartbeat", options.heartbeat)
  yield* lab(options, "images", "--base")
  const first = ["-H", `unix://${socketOf("n1")}`]
  yield* execute("docker", [...first, "tag", baseImage, otherImage], { cwd: workspace })
  yield* execute("docker", [...first, "push", "--quiet", otherImage], { cwd: workspace })

  const managers = Array.from({ length: options.managers }, (_, i) => `n${i + 1}`)
  /** Nodes that a fault has taken away and nothing has brought back. */
  const lost = new Set<string>()
  /** Managers that were away since events were asked for last: they may not have heard all. */
  const deaf = new Set<string>()
  const living = () => managers.filter((name) => !lost.has(name))
  let manager = managers[0] ?? "n1"
  let leader = manager
  let heardAtMillis = 0

  const send = (node: string, method: string, path: string, body?: string, timeoutMillis?: number) =>
    EngineHttp.call({
      ...{ target: "lab", socketPath: socketOf(node), method, path },
      ...(body === undefined ? {} : { body }),
      ...(timeoutMillis === undefined ? {} : { timeoutMillis })
    })
  const list = (node: string, kind: string) =>
    Effect.flatMap(
      send(node, "GET", `${api}/${kind}`, undefined, observationTimeoutMillis),
      ({ status, text }): Effect.Effect<ReadonlyArray<EngineObject>, TargetFailed> =>
        status === 200
          ? Effect.succeed(listOf(parse(text)))
          : new TargetFailed({ target: "lab", operation: `GET /${kind} on ${node}`, reason: text.trim() })
    )

  /** Tasks that removed jobs have left, by id: no scenario after them is to see them. */
  const leftOver = new Set<string>()

  const ask = (node: string) =>
    Effect.gen(function* () {
      const [nodes, services, tasks] = yield* Effect.all(
        [list(node, "nodes"), list(node, "services"), list(node, "tasks")],
        { concurrency: "unbounded" }
      )
      const known = tasks.filter((task) => !leftOver.has(textAt(task, "ID")))
      const atMillis = yield* Clock.currentTimeMillis
      manager = node
      leader = (options.managers === 1 ? node : leaderOf(nodes)) ?? ""
      for (const each of nodes) {
        const name = textAt(each, "Description", "Hostname")
        if (managers.includes(name) && at(each, "ManagerStatus") === undefined) deaf.add(name)
      }
      return { atMillis, leader: leader || null, nodes, services, tasks: known } satisfies Observation
    })

  /**
   * By the manager that answered last, then by the others. Where all of them refuse, the Swarm has no leader; where one is only
   * silent nothing is known.
   */
  const observe = Effect.gen(function* () {
    const asked = living().toSorted((a, b) => Number(b === manager) - Number(a === manager))
    if (options.managers === 1) return [yield* Effect.retry(ask(asked[0] ?? manager), { times: 20 })]
    let refusals = 0
    for (const node of asked) {
      const seen = yield* Effect.either(ask(node))
      const atMillis = yield* Clock.currentTimeMillis
      if (Either.isLeft(seen)) {
        if (seen.left.reason.includes(refusal)) refusals++
        continue
      }
      heardAtMillis = atMillis
      return [seen.right]
    }
    const atMillis = yield* Clock.currentTimeMillis
    if (refusals === asked.length) {
      heardAtMillis = atMillis
      return [{ atMillis, leader: null, nodes: [], services: [], tasks: [] } satisfies Observation]
    }
    if (atMillis - heardAtMillis < silenceLimitMillis) return []
    const reason = `no manager has answered for ${silenceLimitMillis / 1_000} s; asked: ${asked.join(", ")}`
    return yield* new TargetFailed({ target: "lab", operation: "observing", reason })
  })

  const shapes = (yield* list(manager, "nodes"))
    .map((node): NodeShape => ({
      name: textAt(node, "Description", "Hostname"),
      role: textAt(node, "Spec", "Role") === "manager" ? "manager" : "worker",
      nanoCpus: numberAt(node, "Description", "Resources", "NanoCPUs") ?? 0,
      memoryBytes: numberAt(node, "Description", "Resources", "MemoryBytes") ?? 0,
      architecture: textAt(node, "Description", "Platform", "Architecture"),
      os: textAt(node, "Description", "Platform", "OS")
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  heardAtMillis = yield* Clock.currentTimeMillis
  const { text: version } = yield* send(manager, "GET", `${api}/version`)
  const heard = yield* followEvents(managers, socketOf)

  const target: Target = {
    by: `engine ${textAt(parse(version), "Version").split("+")[0]}`,
    nodes: shapes,
    live: true,
    manager: () => manager,
    call: ({ node, method, path, body }) => send(node, method, path, body),
    docker: (args, files) => docker(`unix://${socketOf(manager)}`, args, files),
    fault: (fault, node) =>
      Effect.suspend(() => {
        if (fault !== "restore") deaf.add(node)
        if (fault === "crash" || fault === "black-hole") lost.add(node)
        if (fault !== "restore") return lab(options, "fault", fault, node)
        return Effect.tap(lab(options, "fault", fault, node), () => Effect.sync(() => lost.delete(node)))
      }),
    pass: (millis) => Effect.zipRight(Effect.sleep(millis), observe),
    events: Effect.sync(() => {
      const whole = managers.filter((name) => !deaf.has(name))
      const witness = whole.includes(leader) ? leader : (whole[0] ?? manager)
      const events = heard.get(witness) ?? []
      for (const name of managers) heard.set(name, [])
      deaf.clear()
      for (const name of lost) deaf.add(name)
      return events
    })
  }
  return { target, reset: reset({ target, leftOver, lost }) }
})
