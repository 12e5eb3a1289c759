/**
 * Routers and rebalancers as the Swarm has them: where they should run and do not, and whether versions differ, of theirs and of
 * the engines. A rebalancer is known by the name of its image, a router by the label `evenkeel.role`.
 */
import * as ServiceLabels from "@evenkeel/domain/ServiceLabels"
import type { Service } from "@evenkeel/domain/Service"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import type { Task } from "@evenkeel/domain/Task"
import { type Check, type Finding, ok, problem, warning } from "./Finding.ts"

const imageIn = (template: unknown): string => {
  const container = (template as { readonly ContainerSpec?: { readonly Image?: unknown } } | null)?.ContainerSpec
  return typeof container?.Image === "string" ? container.Image : ""
}

/** `registry/evenkeel/router` of `registry/evenkeel/router:1.2@sha256:…`. */
const repository = (image: string): string => image.replace(/@.*$/, "").replace(/:[^/:]*$/, "")

export const isRouter = (service: Service): boolean => ServiceLabels.decode(service.labels).labels.role === "router"
export const isRebalancer = (service: Service): boolean =>
  /(^|\/)rebalancer$/.test(repository(imageIn(service.template)))

export const serving = (snapshot: Snapshot, service: Service): ReadonlyArray<Task> =>
  snapshot
    .tasksOfService(service.id)
    .filter((task) => task.isServing && task.node !== null && snapshot.node(task.node)?.state !== "down")

export const findings = (snapshot: Snapshot): ReadonlyArray<Finding> => [
  ...placement(snapshot, "routers", snapshot.services.filter(isRouter), "router", () => true),
  ...placement(
    snapshot,
    "rebalancer",
    snapshot.services.filter(isRebalancer),
    "rebalancer",
    (id) => snapshot.nodes.find((node) => node.id === id)?.role === "manager"
  ),
  ...versions(snapshot)
]

const placement = (
  snapshot: Snapshot,
  check: Check,
  services: ReadonlyArray<Service>,
  what: string,
  belongs: (node: string) => boolean
): ReadonlyArray<Finding> => {
  if (services.length === 0)
    return [
      warning(
        check,
        "swarm",
        `there is no ${what}`,
        `deploy the stack of deploy/stack.yml, which has one on every ${what === "router" ? "node" : "manager"}`
      )
    ]
  const at = new Set(services.flatMap((service) => serving(snapshot, service).map(({ node }) => node)))
  const missing = snapshot.nodes.filter((node) => node.isSchedulable && belongs(node.id) && !at.has(node.id))
  if (missing.length === 0) return [ok(check, "swarm", `a ${what} serves on each node where one belongs`)]
  return missing.map(({ hostname }) =>
    problem(
      check,
      `node ${hostname}`,
      `no ${what} serves there`,
      `docker service ps --no-trunc ${services.map(({ name }) => name).join(" ")}`
    )
  )
}

const versions = (snapshot: Snapshot): ReadonlyArray<Finding> => {
  const found: Array<Finding> = []
  for (const service of snapshot.services.filter((each) => isRouter(each) || isRebalancer(each))) {
    const images = new Set(serving(snapshot, service).map(({ spec }) => imageIn(spec)))
    if (images.size > 1)
      found.push(
        warning(
          "versions",
          `service ${service.name}`,
          `its tasks run different images: ${[...images].join(", ")}`,
          "wait for the update, or finish it: docker service update --force"
        )
      )
  }
  const engines = Map.groupBy(
    snapshot.nodes.filter(({ engineVersion }) => (engineVersion ?? "") !== ""),
    ({ engineVersion }) => engineVersion ?? ""
  )
  if (engines.size > 1) {
    const list = [...engines].map(
      ([version, nodes]) => `${version} on ${nodes.map(({ hostname }) => hostname).join(", ")}`
    )
    found.push(
      warning(
        "versions",
        "swarm",
        `engines differ: ${list.join("; ")}`,
        "bring all engines to one version, node by node"
      )
    )
  }
  return found.length === 0
    ? [ok("versions", "swarm", "engines, routers and rebalancers are of one version each")]
    : found
}
