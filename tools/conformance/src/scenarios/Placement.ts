/** Nodes that are drained, paused, labelled and lost, and tasks that find no node. */
import type { Scenario } from "../Scenario.ts"
import * as Specs from "./Specs.ts"

const availability = (node: string, value: string) => ({ do: "node" as const, node, patch: { Availability: value } })
const down = (node: string) => ({ nodes: { [node]: "down" as const }, withinSeconds: 120 })
const ready = (node: string) => ({ nodes: { [node]: "ready" as const }, withinSeconds: 120 })
const pending = (service: string, count = 1) => ({ tasks: [{ service, state: "pending", count }] })
const gibibyte = 1024 ** 3

/** Loads n1 and n2 so that the order of nodes matters. */
const uneven = [
  { do: "create" as const, spec: Specs.replicated("a", 2, Specs.constraints("node.hostname==n1").TaskTemplate) },
  { do: "create" as const, spec: Specs.replicated("b", 1, Specs.constraints("node.hostname==n2").TaskTemplate) }
]

export const placement: ReadonlyArray<Scenario> = [
  {
    name: "drain",
    about: "a drained node's tasks move at once and do not come back",
    steps: [
      { do: "create", spec: Specs.replicated("web", 3) },
      { do: "create", spec: Specs.replicated("api", 3) },
      availability("n2", "drain"),
      availability("n2", "active")
    ]
  },
  {
    name: "pause",
    about: "a paused node keeps its tasks and gets no new ones",
    steps: [
      { do: "create", spec: Specs.replicated("web", 3) },
      availability("n2", "pause"),
      { do: "update", service: "web", patch: Specs.replicas(6) },
      availability("n2", "active"),
      { do: "update", service: "web", patch: Specs.replicas(7) }
    ]
  },
  {
    name: "crash",
    about: "a crashed worker's tasks are replaced; when it is back, nothing returns",
    steps: [
      { do: "create", spec: Specs.replicated("web", 3) },
      { do: "create", spec: Specs.replicated("api", 2) },
      { do: "fault", fault: "crash", node: "n3", until: down("n3") },
      { do: "fault", fault: "restore", node: "n3", until: ready("n3") }
    ]
  },
  {
    name: "black-hole",
    about: "a worker that is cut off keeps its tasks running; back in the Swarm it stops them",
    steps: [
      { do: "create", spec: Specs.replicated("web", 3) },
      { do: "create", spec: Specs.global("each") },
      { do: "fault", fault: "black-hole", node: "n2", until: down("n2") },
      { do: "fault", fault: "restore", node: "n2", until: ready("n2") },
      { do: "update", service: "web", patch: Specs.replicas(4) },
      { do: "update", service: "web", patch: Specs.replicas(3) }
    ]
  },
  {
    name: "restart-dockerd",
    about: "an engine that is killed and starts again stops its tasks, and they are replaced",
    steps: [
      { do: "create", spec: Specs.replicated("web", 3) },
      {
        ...{ do: "fault", fault: "restart-dockerd", node: "n3" },
        until: { tasks: [{ service: "web", desired: "shutdown", count: 1 }], withinSeconds: 120 }
      },
      { do: "update", service: "web", patch: Specs.replicas(4) }
    ]
  },
  {
    name: "node-order",
    about: "fewest tasks of the service first, then fewest tasks",
    steps: [
      ...uneven,
      { do: "create", spec: Specs.replicated("web", 1) },
      { do: "update", service: "web", patch: Specs.replicas(2) },
      { do: "update", service: "web", patch: Specs.replicas(4) }
    ]
  },
  {
    name: "constraint-added-and-removed",
    about: "a constraint moves the tasks that break it; without it they stay",
    steps: [
      { do: "node", node: "n1", patch: { Labels: { zone: "a" } } },
      { do: "node", node: "n2", patch: { Labels: { zone: "a" } } },
      { do: "create", spec: Specs.replicated("web", 3) },
      {
        do: "update",
        service: "web",
        patch: Specs.constraints("node.labels.zone==a"),
        until: { updates: { web: "completed" } }
      },
      { do: "update", service: "web", patch: { TaskTemplate: { Placement: { Constraints: [] } } } }
    ]
  },
  {
    name: "constraint-enforced",
    about: "a node that loses its label loses the tasks that need it",
    steps: [
      { do: "node", node: "n1", patch: { Labels: { zone: "a" } } },
      { do: "node", node: "n2", patch: { Labels: { zone: "a" } } },
      { do: "create", spec: Specs.replicated("web", 2, Specs.constraints("node.labels.zone==a").TaskTemplate) },
      { do: "node", node: "n2", patch: { Labels: { zone: null } } },
      { do: "node", node: "n1", patch: { Labels: { zone: null } }, until: pending("web", 2) },
      { do: "node", node: "n3", patch: { Labels: { zone: "A" } } }
    ]
  },
  {
    name: "constraint-unmet",
    about: "no node satisfies it: the task waits and says why",
    steps: [
      {
        do: "create",
        spec: Specs.replicated("web", 2, Specs.constraints("node.role==worker", "node.hostname!=n2").TaskTemplate)
      },
      {
        do: "create",
        spec: Specs.replicated("none", 1, Specs.constraints("node.labels.gone==x").TaskTemplate),
        until: pending("none")
      },
      { do: "node", node: "n1", patch: { Labels: { gone: "x" } } }
    ]
  },
  {
    name: "pending-over-an-update",
    about: "a task that waits while its service gets a newer version, and after that finds no node once more",
    steps: [
      {
        do: "create",
        spec: Specs.replicated("none", 1, Specs.constraints("node.labels.gone==x").TaskTemplate),
        until: pending("none")
      },
      { do: "update", service: "none", patch: { Labels: { a: "b" } } },
      { do: "node", node: "n1", patch: { Labels: { other: "y" } } },
      { do: "node", node: "n1", patch: { Labels: { gone: "x" } } }
    ]
  },
  {
    name: "preferences",
    about: "tasks are spread over a label's values before they are spread over nodes",
    steps: [
      { do: "node", node: "n1", patch: { Labels: { zone: "a" } } },
      { do: "node", node: "n2", patch: { Labels: { zone: "b" } } },
      { do: "node", node: "n3", patch: { Labels: { zone: "b" } } },
      {
        do: "create",
        spec: Specs.replicated("web", 4, {
          Placement: { Preferences: [{ Spread: { SpreadDescriptor: "node.labels.zone" } }] }
        })
      },
      { do: "update", service: "web", patch: Specs.replicas(6) },
      { do: "update", service: "web", patch: Specs.replicas(4) }
    ]
  },
  {
    name: "max-replicas",
    about: "no more than so many a node: the others wait",
    steps: [
      {
        do: "create",
        spec: Specs.replicated("web", 4, { Placement: { MaxReplicas: 1 } }),
        until: pending("web")
      },
      { do: "update", service: "web", patch: { TaskTemplate: { Placement: { MaxReplicas: 2 } } } }
    ]
  },
  {
    name: "max-replicas-start-first",
    about: "one a node and the new task first: the update waits for ever",
    steps: [
      {
        do: "create",
        spec: Specs.replicated(
          "web",
          3,
          { Placement: { MaxReplicas: 1 } },
          { UpdateConfig: Specs.updateConfig({ Order: "start-first" }) }
        )
      },
      {
        do: "update",
        service: "web",
        patch: Specs.env("A=1"),
        until: { ...pending("web"), updates: { web: "updating" }, settled: false }
      },
      {
        do: "update",
        service: "web",
        patch: { UpdateConfig: Specs.updateConfig({ Order: "stop-first" }) },
        until: { updates: { web: "completed" } }
      }
    ]
  },
  {
    name: "reservations",
    about: "reserved memory and CPUs fill the nodes; what does not fit waits until there is room",
    steps: [
      {
        do: "create",
        spec: Specs.replicated("big", 4, { Resources: { Reservations: { NanoCPUs: 1_500_000_000 } } }),
        until: pending("big")
      },
      {
        do: "create",
        spec: Specs.replicated("huge", 1, { Resources: { Reservations: { MemoryBytes: 1024 * gibibyte } } }),
        until: pending("huge")
      },
      { do: "update", service: "big", patch: Specs.replicas(2) },
      {
        do: "create",
        spec: Specs.replicated("fits", 1, { Resources: { Reservations: { NanoCPUs: 1_500_000_000 } } })
      }
    ]
  },
  {
    name: "host-ports",
    about: "a host port is free on each node once",
    steps: [
      {
        do: "create",
        spec: Specs.replicated(
          "web",
          4,
          {},
          {
            EndpointSpec: {
              Mode: "dnsrr",
              Ports: [{ Protocol: "tcp", TargetPort: 8080, PublishedPort: 18080, PublishMode: "host" }]
            }
          }
        ),
        until: pending("web")
      },
      { do: "update", service: "web", patch: Specs.replicas(3) }
    ]
  },
  {
    name: "platform",
    about: "a service for another architecture finds no node",
    steps: [
      {
        do: "create",
        spec: Specs.replicated("arm", 1, { Placement: { Platforms: [{ Architecture: "arm64", OS: "linux" }] } }),
        until: pending("arm")
      },
      {
        do: "create",
        spec: Specs.replicated("amd", 1, { Placement: { Platforms: [{ Architecture: "amd64", OS: "linux" }] } })
      }
    ]
  },
  {
    name: "plugin",
    about: "a log driver that no node has",
    steps: [
      {
        do: "create",
        spec: Specs.replicated("log", 1, { LogDriver: { Name: "no-such-driver" } }),
        until: pending("log")
      }
    ]
  },
  {
    name: "global",
    about: "one task on each node that takes part",
    steps: [
      { do: "create", spec: Specs.global("each") },
      availability("n3", "drain"),
      availability("n3", "active"),
      {
        do: "update",
        service: "each",
        patch: { ...Specs.env("A=1"), UpdateConfig: Specs.updateConfig() },
        until: { updates: { each: "completed" } }
      },
      { do: "update", service: "each", patch: Specs.constraints("node.role==worker"), until: {} },
      { do: "remove", service: "each" }
    ]
  },
  {
    name: "networks",
    about: "tasks take an address on each network; a network in use stays",
    steps: [
      { do: "call", method: "POST", path: "/networks/create", body: { Name: "back", Driver: "overlay" } },
      {
        do: "create",
        spec: Specs.replicated("web", 2, { Networks: [{ Target: "evenkeel" }, { Target: "back" }] })
      },
      { do: "call", method: "DELETE", path: "/networks/{network:back}" },
      { do: "remove", service: "web" },
      { do: "call", method: "DELETE", path: "/networks/{network:back}" }
    ]
  }
]
