/** Takes away from the lab's Swarm whatever a scenario left, and waits until it is as it was made. */
import * as Effect from "effect/Effect"
import { at, type EngineObject, listOf, parse, textAt } from "./EngineValue.ts"
import { isEmpty } from "./Rest.ts"
import { type Observation, type Target, TargetFailed } from "./Target.ts"

const api = "/v1.41"

export interface Leavings {
  readonly target: Target
  /** Ids of tasks that removed jobs have left; added to. */
  readonly leftOver: Set<string>
  /** Nodes that a fault has taken away. */
  readonly lost: ReadonlySet<string>
}

const rounds = 600

const roleOf = (target: Target, node: EngineObject): string =>
  target.nodes.find(({ name }) => name === textAt(node, "Description", "Hostname"))?.role ?? "worker"

/** Roles, and every manager reachable by the one that leads. */
const isWhole = (target: Target, seen: Observation): boolean =>
  seen.leader !== null &&
  seen.nodes.every((node) => {
    const role = roleOf(target, node)
    const reachability = textAt(node, "ManagerStatus", "Reachability")
    return textAt(node, "Spec", "Role") === role && reachability === (role === "manager" ? "reachable" : "")
  })

export const reset = ({ leftOver, lost, target }: Leavings) =>
  Effect.gen(function* () {
    const send = (method: string, path: string, body?: unknown) =>
      target.call({
        ...{ node: target.manager(), method, path: `${api}${path}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      })
    const list = (kind: string) => Effect.map(send("GET", `/${kind}`), ({ text }) => listOf(parse(text)))

    const clear = Effect.gen(function* () {
      for (const service of yield* list("services")) yield* send("DELETE", `/services/${String(service["ID"])}`)
      for (const kind of ["secrets", "configs"])
        for (const object of yield* list(kind)) yield* send("DELETE", `/${kind}/${String(object["ID"])}`)
      for (const network of yield* list("networks"))
        if (textAt(network, "Scope") === "swarm" && !["ingress", "evenkeel"].includes(textAt(network, "Name")))
          yield* send("DELETE", `/networks/${textAt(network, "Id")}`)
      for (const node of yield* list("nodes")) {
        const fresh = { Role: roleOf(target, node), Availability: "active", Labels: {} }
        const isFresh =
          at(node, "Spec", "Availability") === "active" &&
          JSON.stringify(at(node, "Spec", "Labels")) === "{}" &&
          at(node, "Spec", "Role") === fresh.Role
        if (isFresh) continue
        const version = JSON.stringify(at(node, "Version", "Index"))
        yield* send("POST", `/nodes/${textAt(node, "ID")}/update?version=${version}`, fresh)
      }
    })

    for (const name of [...lost]) yield* target.fault("restore", name)
    for (let round = 0; round < rounds; round++) {
      // Refused or unheard while there is no leader: the next round tries again.
      yield* Effect.ignore(clear)
      const [seen] = yield* target.pass(200)
      if (seen !== undefined && isEmpty(seen) && isWhole(target, seen)) {
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
