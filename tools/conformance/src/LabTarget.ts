/**
 * The lab's real Swarm as a target: requests go to the engines' sockets, faults through the lab's command line, the docker
 * command line to the first manager. Observes by reading the three lists; what lies between two readings is not seen.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { parse, at, type EngineObject, listOf, numberAt, textAt } from "./EngineValue.ts"
import * as EngineHttp from "./EngineHttp.ts"
import { isEmpty } from "./Rest.ts"
import { type CommandAnswer, type Observation, type Target, TargetFailed } from "./Target.ts"
import type { NodeShape } from "./Trace.ts"

const workspace = resolve(import.meta.dirname, "..", "..", "..")
const api = "/v1.41"

export interface LabOptions {
  /** As the lab's `--heartbeat`. */
  readonly heartbeat: string
  /** Default `/var/lib/evenkeel-lab`. */
  readonly stateDir?: string
}

/** The second name of the lab's base image: what an update changes to. */
const otherImage = "10.77.0.1:5000/evenkeel/node:other"
const baseImage = "10.77.0.1:5000/evenkeel/node:26"

const execute = (
  command: string,
  args: ReadonlyArray<string>,
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> }
): Effect.Effect<CommandAnswer, TargetFailed> =>
  Effect.async<CommandAnswer, TargetFailed>((resume) => {
    const env = { ...process.env, ...options.env }
    const child = execFile(command, [...args], { cwd: options.cwd, env, timeout: 180_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : null
      if (code === null)
        resume(
          new TargetFailed({ target: command, operation: [command, ...args].join(" "), reason: error?.message ?? "" })
        )
      else resume(Effect.succeed({ exitCode: code, stdout, stderr }))
    })
    return Effect.sync(() => child.kill())
  })

const lab = Effect.fn("LabTarget.lab")(function* (...words: ReadonlyArray<string>) {
  const args = ["--conditions=@evenkeel/source", join(workspace, "tools/lab/src/main.ts"), ...words]
  const done = yield* execute(process.execPath, args, { cwd: workspace })
  if (done.exitCode === 0) return
  return yield* new TargetFailed({ target: "lab", operation: `lab ${words.join(" ")}`, reason: done.stderr.trim() })
})

/** Takes the lab away. */
export const down = lab("down")

/** Runs a docker command with files beside it; used for embedded targets too. */
export const dockerCommand = (
  host: string,
  args: ReadonlyArray<string>,
  files: Readonly<Record<string, string>>
): Effect.Effect<CommandAnswer, TargetFailed> =>
  Effect.acquireUseRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "conformance-"))),
    (folder) =>
      Effect.gen(function* () {
        for (const [name, text] of Object.entries(files))
          yield* Effect.promise(() => writeFile(join(folder, name), text))
        const env = { DOCKER_HOST: host, DOCKER_API_VERSION: "1.41", DOCKER_CONFIG: folder, DOCKER_CONTEXT: "" }
        return yield* execute("docker", args, { cwd: folder, env })
      }),
    (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
  )

/** Brings the lab up as scenarios expect it: one manager, two workers, the images; ends with the scope's event stream only. */
export const make = Effect.fn("LabTarget.make")(function* (options: LabOptions) {
  const stateDir = options.stateDir ?? process.env["EVENKEEL_LAB_DIR"] ?? "/var/lib/evenkeel-lab"
  const socketOf = (node: string) => `${stateDir}/${node}/docker.sock`
  const host = `unix://${socketOf("n1")}`
  yield* lab("up", "--nodes", "3", "--managers", "1", "--heartbeat", options.heartbeat)
  yield* lab("images", "--app", "vvm")
  yield* execute("docker", ["-H", host, "tag", baseImage, otherImage], { cwd: workspace })
  yield* execute("docker", ["-H", host, "push", "--quiet", otherImage], { cwd: workspace })

  const send = (node: string, method: string, path: string, body?: string) =>
    EngineHttp.call({
      ...{ target: "lab", socketPath: socketOf(node), method, path },
      ...(body === undefined ? {} : { body })
    })
  const list = (kind: string) => Effect.map(send("n1", "GET", `${api}/${kind}`), ({ text }) => listOf(parse(text)))

  /** Tasks that removed jobs have left, by id: no scenario after them is to see them. */
  const leftOver = new Set<string>()

  const observe = Effect.gen(function* () {
    const [nodes, services, tasks] = yield* Effect.all([list("nodes"), list("services"), list("tasks")], {
      concurrency: "unbounded"
    })
    const known = tasks.filter((task) => !leftOver.has(textAt(task, "ID")))
    return { atMillis: yield* Clock.currentTimeMillis, nodes, services, tasks: known } satisfies Observation
  })

  const shapes = (yield* list("nodes"))
    .map((node): NodeShape => ({
      name: textAt(node, "Description", "Hostname"),
      role: textAt(node, "Spec", "Role") === "manager" ? "manager" : "worker",
      nanoCpus: numberAt(node, "Description", "Resources", "NanoCPUs") ?? 0,
      memoryBytes: numberAt(node, "Description", "Resources", "MemoryBytes") ?? 0,
      architecture: textAt(node, "Description", "Platform", "Architecture"),
      os: textAt(node, "Description", "Platform", "OS")
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const { text: version } = yield* send("n1", "GET", `${api}/version`)

  let events: Array<EngineObject> = []
  yield* Effect.acquireRelease(
    Effect.sync(() =>
      EngineHttp.follow(socketOf("n1"), `${api}/events?filters=${encodeURIComponent('{"scope":["swarm"]}')}`, (line) =>
        events.push(...listOf([parse(line)]))
      )
    ),
    (stream) => Effect.sync(stream.close)
  )

  const target: Target = {
    by: `engine ${textAt(parse(version), "Version").split("+")[0]}`,
    nodes: shapes,
    live: true,
    call: ({ node, method, path, body }) => send(node, method, path, body),
    docker: (args, files) => dockerCommand(host, args, files),
    fault: (fault, node) => lab("fault", fault, node),
    pass: (millis) =>
      Effect.sleep(millis).pipe(
        Effect.zipRight(Effect.retry(observe, { times: 20 })),
        Effect.map((seen) => [seen])
      ),
    events: Effect.sync(() => {
      const seen = events
      events = []
      return seen
    })
  }
  return { target, reset: reset(target, leftOver) }
})

/** Takes away whatever a scenario left, and waits until the Swarm is as it was made. */
const reset = Effect.fn("LabTarget.reset")(function* (target: Target, leftOver: Set<string>) {
  const send = (method: string, path: string, body?: unknown) =>
    target.call({
      ...{ node: "n1", method, path: `${api}${path}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
  const list = (kind: string) => Effect.map(send("GET", `/${kind}`), ({ text }) => listOf(parse(text)))
  for (const { name } of target.nodes) yield* lab("fault", "restore", name)
  for (let round = 0; round < 600; round++) {
    for (const service of yield* list("services")) yield* send("DELETE", `/services/${String(service["ID"])}`)
    for (const kind of ["secrets", "configs"])
      for (const object of yield* list(kind)) yield* send("DELETE", `/${kind}/${String(object["ID"])}`)
    for (const network of yield* list("networks"))
      if (textAt(network, "Scope") === "swarm" && !["ingress", "evenkeel"].includes(textAt(network, "Name")))
        yield* send("DELETE", `/networks/${textAt(network, "Id")}`)
    for (const node of yield* list("nodes")) {
      const isFresh =
        at(node, "Spec", "Availability") === "active" && JSON.stringify(at(node, "Spec", "Labels")) === "{}"
      if (isFresh) continue
      const fresh = { Role: at(node, "Spec", "Role"), Availability: "active", Labels: {} }
      const version = JSON.stringify(at(node, "Version", "Index"))
      yield* send("POST", `/nodes/${textAt(node, "ID")}/update?version=${version}`, fresh)
    }
    const [seen] = yield* target.pass(200)
    if (seen !== undefined && isEmpty(seen)) {
      // What the last scenario's end still tells must not be heard in the next one.
      yield* target.pass(500)
      yield* target.events
      for (const task of seen.tasks) leftOver.add(textAt(task, "ID"))
      return
    }
  }
  return yield* new TargetFailed({
    target: "lab",
    operation: "emptying the Swarm",
    reason: `it is not empty after two minutes; \`lab down\` and start again`
  })
})
