/**
 * The lab as a target: real engines, the rebalancer deployed by its image. The lab is brought up for the drill and taken down
 * after it; one that is up already is somebody else's, and refused.
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { get } from "node:http"
import { statSync } from "node:fs"
import { defaultBrakes, type Drill } from "../Drill.ts"
import { call, read } from "../EngineCall.ts"
import * as SwarmReading from "../SwarmReading.ts"
import { type Target, TargetFailed } from "../Target.ts"
import type { Sample } from "../TaskHistory.ts"
import { lab, type LabStatus, status } from "./LabCommand.ts"
import * as RebalancerService from "./RebalancerService.ts"
import * as ToldMetrics from "./ToldMetrics.ts"

export interface LabOptions {
  readonly withoutRebalancer: boolean
  readonly workspace: string
  readonly say: (text: string) => Effect.Effect<void>
}

const registry = "10.77.0.1:5000/evenkeel"
/** In no registry: a node has it only where it was tagged so. */
const fragile = { repository: "evenkeel-drill/fragile", tag: "1" }
const images = { sound: `${registry}/vvm:dev`, fragile: `${fragile.repository}:${fragile.tag}` }

const heartbeat = "2s"

const failedTo = (what: string) => (error: { readonly message: string }) =>
  new TargetFailed({ what, reason: error.message })

const page = (host: string, port: number): Effect.Effect<string> =>
  Effect.async((resume) => {
    const asked = get({ host, port, path: "/metrics", agent: false, timeout: 1_000 }, (answer) => {
      let text = ""
      answer.setEncoding("utf8")
      answer.on("data", (part: string) => (text += part))
      answer.on("error", () => resume(Effect.succeed("")))
      answer.on("end", () => resume(Effect.succeed(text)))
    })
    asked.on("timeout", () => asked.destroy())
    asked.on("error", () => resume(Effect.succeed("")))
  })

const Containers = Schema.Array(
  Schema.Struct({ Id: Schema.String, Labels: Schema.Record({ key: Schema.String, value: Schema.String }) })
)
const Services = Schema.Array(Schema.Struct({ ID: Schema.String, Spec: Schema.Struct({ Name: Schema.String }) }))

type Nodes = LabStatus["nodes"]

/** Pulls the image and gives it the name that no registry knows; or takes that name away. */
const setImage = (socketPath: string, isThere: boolean) => {
  const slow = { timeoutMillis: 120_000 }
  if (!isThere)
    return call(socketPath, `/images/${images.fragile}?force=1`, { ...slow, method: "DELETE" }).pipe(
      Effect.catchIf(
        ({ status }) => status === 404,
        () => Effect.succeed("")
      )
    )
  const [repository, tag] = [`${registry}/vvm`, "dev"]
  return call(socketPath, `/images/create?fromImage=${encodeURIComponent(repository)}&tag=${tag}`, {
    ...slow,
    method: "POST"
  }).pipe(
    Effect.zipRight(
      call(socketPath, `/images/${images.sound}/tag?repo=${fragile.repository}&tag=${fragile.tag}`, { method: "POST" })
    )
  )
}

/** What serves at this moment, as the first manager that answers sees it. */
const sampleOf = Effect.fn("Lab.sample")(function* (nodes: Nodes) {
  const managers = nodes.filter(({ manager }) => manager)
  return yield* Effect.firstSuccessOf(
    managers.map(({ socketPath }) =>
      Effect.gen(function* () {
        const services = yield* read(socketPath, "/services", Services, { timeoutMillis: 1_000 })
        const { tasks } = yield* SwarmReading.swarm(
          socketPath,
          services.map(({ ID }) => ID)
        )
        return new Map(tasks.filter(SwarmReading.serves).map(({ id, node, service }) => [id, { node, service }]))
      })
    )
  )
})

const startRebalancers = Effect.fn("Lab.startRebalancers")(function* (
  drill: Drill,
  { withoutRebalancer }: LabOptions,
  nodes: Nodes
) {
  const [first] = nodes
  if (first === undefined) return
  const spec = RebalancerService.of({
    image: `${registry}/rebalancer:dev`,
    group: statSync(first.socketPath).gid,
    mode: withoutRebalancer ? "observe" : "act",
    brakes: { ...defaultBrakes, ...drill.brakes }
  })
  yield* call(first.socketPath, "/services/create", { method: "POST", body: JSON.stringify(spec) })
})

const setLabels = Effect.fn("Lab.setLabels")(function* (drill: Drill, socketPath: string, only?: string) {
  for (const { labels = {}, name } of drill.nodes) {
    if (Object.keys(labels).length === 0 || (only !== undefined && only !== name)) continue
    const found = (yield* SwarmReading.nodes(socketPath)).find((node) => node.name === name)
    if (found === undefined) continue
    const text = yield* call(socketPath, `/nodes/${found.id}`)
    const version = /"Version":\{"Index":(\d+)\}/.exec(text)?.[1] ?? ""
    const spec = JSON.parse(SwarmReading.memberText(text, "Spec") ?? "{}") as object
    const body = JSON.stringify({ ...spec, Labels: labels })
    yield* call(socketPath, `/nodes/${found.id}/update?version=${version}`, { method: "POST", body })
  }
})

/** A lab that is this drill's; taken down with the scope. */
const acquire = (workspace: string, drill: Drill) =>
  Effect.acquireRelease(
    Effect.gen(function* () {
      if ((yield* status(workspace)).condition !== "down")
        return yield* new TargetFailed({ what: "use the lab", reason: "it is up already; take it down first" })
      const present = drill.nodes.filter(({ joinsLater }) => joinsLater !== true).length
      yield* lab(
        workspace,
        "up",
        ...["--nodes", String(present), "--managers", String(drill.managers), "--heartbeat", heartbeat, "--images"]
      ).pipe(Effect.tapError(() => Effect.ignore(lab(workspace, "down"))))
    }),
    () => Effect.ignore(lab(workspace, "down"))
  )

export const make = Effect.fn("Lab.make")(function* (drill: Drill, options: LabOptions) {
  const { say, workspace } = options
  yield* say("bringing up the lab")
  yield* acquire(workspace, drill)
  const nodes = yield* Ref.make((yield* status(workspace)).nodes)
  const first = yield* Ref.get(nodes)
  const manager = first[0]?.socketPath ?? ""
  const socketOf = (name: string) =>
    Effect.map(Ref.get(nodes), (known) => known.find((node) => node.name === name)?.socketPath ?? "")
  const hasFragile = drill.services.some(({ isFragile }) => isFragile === true)
  yield* Effect.gen(function* () {
    yield* setLabels(drill, manager)
    if (hasFragile) yield* Effect.forEach(first, ({ socketPath }) => setImage(socketPath, true), { concurrency: 2 })
    yield* startRebalancers(drill, options, first)
  }).pipe(Effect.mapError(failedTo("prepare the lab")))

  const pages = Effect.flatMap(Ref.get(nodes), (known) =>
    Effect.forEach(
      known.filter((node) => node.manager),
      ({ address }) => page(address, RebalancerService.adminPort),
      { concurrency: "unbounded" }
    )
  )
  // What they have not seen before a drill begins they cannot judge by.
  yield* pages.pipe(
    Effect.repeat({ until: ToldMetrics.haveRead, schedule: Schedule.spaced("500 millis") }),
    Effect.timeoutFail({
      duration: "120 seconds",
      onTimeout: () => new TargetFailed({ what: "start the rebalancers", reason: "not all have read the Swarm" })
    })
  )
  // They answer before they are healthy; until Swarm counts them as running, samples miss tasks that stay.
  yield* sampleOf(first).pipe(
    Effect.map((serving) => serving.values().filter(({ service }) => service === RebalancerService.serviceName)),
    Effect.map((rebalancers) => [...rebalancers].length >= drill.managers),
    Effect.orElseSucceed(() => false),
    Effect.repeat({ until: (allRun) => allRun, schedule: Schedule.spaced("500 millis") }),
    Effect.timeoutFail({
      duration: "120 seconds",
      onTimeout: () =>
        new TargetFailed({ what: "start the rebalancers", reason: "Swarm does not count all as running" })
    })
  )
  const last = yield* Ref.make<Sample | null>(null)
  const samples = Effect.gen(function* () {
    const serving = yield* sampleOf(yield* Ref.get(nodes))
    const before = yield* Ref.get(last)
    const isSame =
      before !== null && before.serving.size === serving.size && serving.keys().every((id) => before.serving.has(id))
    if (isSame) return []
    const sample: Sample = {
      atMillis: yield* Effect.flatMap(Effect.clock, (clock) => clock.currentTimeMillis),
      serving
    }
    yield* Ref.set(last, sample)
    return [sample]
  }).pipe(Effect.mapError(failedTo("read the tasks")))

  return {
    speed: 1,
    nodes: first.map(({ manager: isManager, name, socketPath }) => ({ name, socketPath, isManager })),
    images,
    fault: (fault, node) => Effect.asVoid(lab(workspace, "fault", fault, node)),
    join: (node) =>
      Effect.gen(function* () {
        yield* lab(workspace, "up", "--nodes", String(drill.nodes.length), "--managers", String(drill.managers))
        yield* Ref.set(nodes, (yield* status(workspace)).nodes)
        yield* setLabels(drill, manager, node)
      }).pipe(Effect.mapError(failedTo(`let ${node} join`))),
    killRebalancer: (node) =>
      Effect.gen(function* () {
        const socketPath = yield* socketOf(node)
        const running = yield* read(socketPath, "/containers/json", Containers)
        const own = running.filter(
          ({ Labels }) => Labels["com.docker.swarm.service.name"] === RebalancerService.serviceName
        )
        yield* Effect.forEach(own, ({ Id }) =>
          call(socketPath, `/containers/${Id}/kill?signal=KILL`, { method: "POST" })
        )
      }).pipe(Effect.mapError(failedTo(`kill the rebalancer on ${node}`))),
    setImage: (node, isThere) =>
      Effect.flatMap(socketOf(node), (socketPath) => setImage(socketPath, isThere)).pipe(
        Effect.asVoid,
        Effect.mapError(failedTo(`change the image on ${node}`))
      ),
    told: Effect.map(pages, ToldMetrics.read),
    samples
  } satisfies Target
})
