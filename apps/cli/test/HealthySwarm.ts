/** A Swarm in which the doctor finds nothing to mend. */
import type { TestSwarm } from "@evenkeel/swarm-client/SwarmClientTest"
import { wireNetwork, wireService, wireTask } from "@evenkeel/swarm-client/TestWire"
import { nodes } from "./harness.ts"

export const withImage = (object: ReturnType<typeof wireService>, path: "Spec" | "Task", image: string) => {
  const spec = object["Spec"] as Record<string, unknown>
  const container = { ContainerSpec: { Image: image }, ForceUpdate: 0, Runtime: "container" }
  return { ...object, Spec: path === "Task" ? container : { ...spec, TaskTemplate: container } }
}

export const image = (what: string, version = "1") => `registry:5000/evenkeel/${what}:${version}`

/** Routers and rebalancers on all three managers, and one service that is routable. */
export const healthy: TestSwarm = {
  nodes,
  services: [
    withImage(
      wireService({ id: "r", name: "router", replicas: null, labels: { "evenkeel.role": "router" } }),
      "Spec",
      image("router")
    ),
    withImage(wireService({ id: "b", name: "rebalancer", replicas: null }), "Spec", image("rebalancer")),
    wireService({ id: "w", name: "web" })
  ],
  tasks: [
    ...["node1", "node2", "node3"].flatMap((node) => [
      withImage(wireTask({ id: `r-${node}`, service: "r", node, slot: 0 }), "Task", image("router")),
      withImage(wireTask({ id: `b-${node}`, service: "b", node, slot: 0 }), "Task", image("rebalancer"))
    ]),
    wireTask({ id: "w1", service: "w", node: "node1" })
  ],
  networks: [wireNetwork("net1", "app_default")]
}
