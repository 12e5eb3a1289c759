/**
 * The Swarm on the lab's nodes: who is a member, joining those who are not, the heartbeat, the overlay network.
 *
 * Reads through the Engine API, changes through the docker CLI. Waits on what managers say, with deadlines.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { docker } from "./Docker.ts"
import * as Engine from "./Engine.ts"
import * as EngineApi from "./EngineApi.ts"
import { LabSite } from "./LabSite.ts"
import * as LabSpec from "./LabSpec.ts"
import type { NodeRecord } from "./LabState.ts"
import * as LabState from "./LabState.ts"
import * as Network from "./Network.ts"
import * as Waiting from "./Waiting.ts"

/** No manager of the lab answers for the Swarm. */
export class NoManagerAnswers extends Schema.TaggedError<NoManagerAnswers>()("NoManagerAnswers", {
  asked: Schema.Array(Schema.String)
}) {
  override get message(): string {
    const cure = "Without a majority of managers Swarm answers nothing: restore them by `lab fault restore <node>`"
    return `No manager answers for the Swarm (asked: ${this.asked.join(", ") || "none runs"}). ${cure}.`
  }
}

/** Swarm's word for a node: `gone` when no manager lists it. */
export type MemberState = "ready" | "down" | "disconnected" | "unknown" | "gone"

const memberDeadline = "120 seconds"

/**
 * The first manager of the lab that answers for the Swarm, and the nodes it lists. One whose cable is pulled is not asked:
 * a leader answers from memory until it notices that it has lost the others.
 */
export const observe = Effect.gen(function* () {
  const { nodes } = yield* LabState.required
  const managers = yield* Effect.filter(
    nodes.filter((node) => node.manager && node.process !== null),
    ({ index }) => Effect.map(Network.linkState(LabSpec.nodePlan(index)), (link) => link === "up")
  )
  for (const manager of managers) {
    const engine = yield* Engine.addressOf(manager)
    const listed = yield* Effect.option(EngineApi.members(engine))
    if (Option.isSome(listed)) return { manager: manager.name, engine, members: listed.value }
  }
  return yield* new NoManagerAnswers({ asked: managers.map((node) => node.name) })
})

/** Swarm's state of a node, as the first manager that answers sees it. */
const stateOf = (members: ReadonlyArray<EngineApi.Member>, name: string): MemberState => {
  const states = members.filter((member) => member.Description.Hostname === name).map((member) => member.Status.State)
  return states.includes("ready") ? "ready" : ((states[0] as MemberState | undefined) ?? "gone")
}

/** The engine's own word on its membership. */
const localState = (node: { readonly name: string }) =>
  Effect.gen(function* () {
    const { Swarm } = yield* EngineApi.info(yield* Engine.addressOf(node))
    return Swarm.LocalNodeState
  })

/** The engine's word once it has one: just after a boot it answers late, or that it is still looking for the others. */
const settledState = Effect.fn("Swarm.settledState")(function* (node: { readonly name: string }) {
  let last = "pending"
  const settles = localState(node).pipe(
    Effect.map((state) => {
      last = state
      return state !== "pending"
    }),
    Effect.orElseSucceed(() => false)
  )
  yield* Waiting.until(`the engine of ${node.name} knows whether it is in the Swarm`, settles, memberDeadline)
  return last
})

/**
 * Waits until the managers see a node in that state. Managers that do not answer yet are asked again. A node counts as
 * ready only when its own engine says that it takes part: after a quick reboot the managers may not have missed it.
 */
export const awaitMember = Effect.fn("Swarm.awaitMember")(function* (name: string, wanted: "ready" | "down") {
  const takesPart = localState({ name }).pipe(
    Effect.map((state) => state === "active"),
    Effect.orElseSucceed(() => false)
  )
  const isWanted = observe.pipe(
    Effect.map(({ members }) => stateOf(members, name) === wanted),
    Effect.catchTag("NoManagerAnswers", () => Effect.succeed(false)),
    (seen) => (wanted === "ready" ? Effect.zipWith(takesPart, seen, (own, others) => own && others) : seen)
  )
  yield* Waiting.until(`Swarm sees ${name} ${wanted}`, isWanted, memberDeadline)
})

const initialise = Effect.fn("Swarm.initialise")(function* (record: NodeRecord) {
  const { address } = LabSpec.nodePlan(record.index)
  yield* docker(record.name, ["swarm", "init", "--advertise-addr", address, "--listen-addr", `${address}:2377`])
})

const join = Effect.fn("Swarm.join")(function* (record: NodeRecord) {
  const { engine, manager } = yield* observe
  const { JoinTokens } = yield* EngineApi.swarm(engine)
  const { address } = LabSpec.nodePlan(record.index)
  const { address: remote } = LabSpec.nodePlan(LabSpec.nodeIndex(manager) ?? 1)
  yield* docker(record.name, [
    ...["swarm", "join", "--advertise-addr", address, "--listen-addr", `${address}:2377`],
    ...["--token", record.manager ? JoinTokens.Manager : JoinTokens.Worker, `${remote}:2377`]
  ])
})

/** Entries of nodes that came back with an empty disk: same host name, another one is ready. */
const removeReplaced = Effect.gen(function* () {
  const { manager, members } = yield* observe
  const replaced = members.filter(
    (member) => member.Status.State === "down" && stateOf(members, member.Description.Hostname) === "ready"
  )
  for (const { ID, Spec } of replaced) {
    if (Spec.Role === "manager") yield* docker(manager, ["node", "demote", ID])
    yield* docker(manager, ["node", "rm", "--force", ID])
  }
})

/**
 * Makes every running node of the lab's state a member with its role, in the order of their numbers, and waits until the
 * managers see all of them ready. Gives back the names of the nodes that joined now.
 */
export const ensureMembers = Effect.gen(function* () {
  const { nodes } = yield* LabState.required
  const states = yield* Effect.forEach(nodes, (node) => Effect.map(settledState(node), (state) => ({ node, state })), {
    concurrency: "unbounded"
  })
  const outside = states.filter(({ state }) => state === "inactive").map(({ node }) => node)
  const isNew = outside.length === nodes.length
  const [founder] = outside
  if (isNew && founder !== undefined) yield* initialise(founder)
  const awaited = "a manager answers for the Swarm"
  const answers = observe.pipe(Effect.isSuccess)
  yield* Waiting.until(awaited, answers, memberDeadline)
  // Managers join one after the other: each changes the raft group the next one joins.
  yield* Effect.forEach(isNew ? outside.slice(1) : outside, join, { discard: true })
  const { manager, members } = yield* observe
  const promoted = members.filter(
    ({ Description, Spec }) =>
      Spec.Role === "worker" && nodes.some((node) => node.manager && node.name === Description.Hostname)
  )
  yield* Effect.forEach(promoted, ({ ID }) => docker(manager, ["node", "promote", ID]), { discard: true })
  yield* Effect.forEach(nodes, (node) => awaitMember(node.name, "ready"), { discard: true })
  yield* removeReplaced
  return outside.map((node) => node.name)
})

/** Sets how often agents report to the dispatcher; Swarm calls a node down after three missed reports. */
export const setHeartbeat = Effect.fn("Swarm.setHeartbeat")(function* (period: string) {
  const { manager } = yield* observe
  yield* docker(manager, ["swarm", "update", "--dispatcher-heartbeat", period])
})

/** Creates the attachable overlay network unless it is there. Gives back whether it was created. */
export const ensureNetwork = Effect.gen(function* () {
  const { manager, engine } = yield* observe
  const found = (yield* EngineApi.networks(engine)).some((network) => network.Name === LabSpec.overlayNetwork)
  if (!found) {
    yield* docker(manager, ["network", "create", "--driver", "overlay", "--attachable", LabSpec.overlayNetwork])
  }
  return !found
})

/** What `status` says of the Swarm as a whole; `None` while no manager answers. */
export const summary = Effect.gen(function* () {
  yield* LabSite
  const { manager, engine, members } = yield* observe
  const { Spec } = yield* EngineApi.swarm(engine)
  const network = (yield* EngineApi.networks(engine)).some(({ Name }) => Name === LabSpec.overlayNetwork)
  return { manager, members, heartbeatMs: Spec.Dispatcher.HeartbeatPeriod / 1e6, network }
}).pipe(Effect.option)
