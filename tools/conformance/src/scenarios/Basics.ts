/** Creating, scaling, updating and removing services on nodes that stay. */
import type { Scenario } from "../Scenario.ts"
import * as Specs from "./Specs.ts"

const order = (value: string, more = {}) => ({ UpdateConfig: Specs.updateConfig({ Order: value, ...more }) })

export const basics: ReadonlyArray<Scenario> = [
  {
    name: "create",
    about: "three replicas spread over three nodes, then the service goes",
    steps: [
      { do: "create", spec: Specs.replicated("web", 3) },
      { do: "remove", service: "web" }
    ]
  },
  {
    name: "scale",
    about: "up fills the lowest free slots on the emptiest nodes, down takes the highest copy per node",
    steps: [
      { do: "create", spec: Specs.replicated("web", 2) },
      { do: "create", spec: Specs.replicated("api", 1) },
      { do: "update", service: "web", patch: Specs.replicas(5) },
      { do: "update", service: "web", patch: Specs.replicas(3) },
      { do: "update", service: "web", patch: Specs.replicas(0) },
      { do: "update", service: "web", patch: Specs.replicas(2) }
    ]
  },
  {
    name: "update-stop-first",
    about: "a changed environment replaces every task, one after the other, the old one first",
    steps: [
      { do: "create", spec: Specs.replicated("web", 3, {}, order("stop-first")) },
      { do: "update", service: "web", patch: Specs.env("A=1"), until: { updates: { web: "completed" } } }
    ]
  },
  {
    name: "update-start-first",
    about: "a changed image replaces every task, the new one first",
    steps: [
      { do: "create", spec: Specs.replicated("web", 3, {}, order("start-first")) },
      {
        do: "update",
        service: "web",
        patch: { TaskTemplate: { ContainerSpec: { Image: Specs.otherImage } } },
        until: { updates: { web: "completed" } }
      }
    ]
  },
  {
    name: "update-parallel",
    about: "two slots at a time, then all at once",
    steps: [
      { do: "create", spec: Specs.replicated("web", 4, {}, order("stop-first", { Parallelism: 2 })) },
      { do: "update", service: "web", patch: Specs.env("A=1"), until: { updates: { web: "completed" } } },
      {
        do: "update",
        service: "web",
        patch: { ...Specs.env("A=2"), ...order("stop-first", { Parallelism: 0 }) },
        until: { updates: { web: "completed" } }
      }
    ]
  },
  {
    name: "update-labels-only",
    about: "service labels restart nothing, yet PreviousSpec moves on",
    steps: [
      { do: "create", spec: Specs.replicated("web", 2) },
      { do: "update", service: "web", patch: { Labels: { journal: "1" } } },
      { do: "update", service: "web", patch: { Labels: { journal: null } } }
    ]
  },
  {
    name: "update-nothing",
    about: "the same spec again restarts nothing and makes PreviousSpec equal to it",
    steps: [
      { do: "create", spec: Specs.replicated("web", 2) },
      { do: "update", service: "web", patch: {} },
      { do: "update", service: "web", patch: {} }
    ]
  },
  {
    name: "update-configuration-only",
    about: "update and rollback configuration restart nothing",
    steps: [
      { do: "create", spec: Specs.replicated("web", 2) },
      { do: "update", service: "web", patch: order("start-first") },
      { do: "update", service: "web", patch: { RollbackConfig: Specs.updateConfig({ Parallelism: 2 }) } }
    ]
  },
  {
    name: "insert-defaults-round-trip",
    about: "posting back what insertDefaults gave restarts every task",
    steps: [
      { do: "create", spec: Specs.replicated("web", 2) },
      {
        do: "update",
        service: "web",
        patch: {},
        insertDefaults: true,
        until: { updates: { web: "completed" } }
      },
      { do: "call", method: "GET", path: "/services/web?insertDefaults=true", keep: "status" }
    ]
  },
  {
    name: "force",
    about: "a force counter restarts every task",
    steps: [
      { do: "create", spec: Specs.replicated("web", 2) },
      {
        do: "update",
        service: "web",
        patch: { TaskTemplate: { ForceUpdate: 1 } },
        until: { updates: { web: "completed" } }
      }
    ]
  },
  {
    name: "surge",
    about: "2-0-1 becomes 1-1-1 by one replica more and one fewer; the two others are not restarted",
    steps: [
      { do: "create", spec: Specs.replicated("web", 3) },
      { do: "node", node: "n3", patch: { Availability: "drain" } },
      { do: "node", node: "n3", patch: { Availability: "active" } },
      { do: "update", service: "web", patch: Specs.replicas(4) },
      { do: "update", service: "web", patch: Specs.replicas(3) }
    ]
  },
  {
    name: "pin",
    about: "a constraint moves the only task start-first; taking it away restarts nothing",
    steps: [
      { do: "create", spec: Specs.replicated("web", 1, Specs.constraints("node.hostname==n2").TaskTemplate) },
      {
        do: "update",
        service: "web",
        patch: { ...Specs.constraints("node.hostname==n3"), ...order("start-first") },
        until: { updates: { web: "completed" } }
      },
      { do: "update", service: "web", patch: { TaskTemplate: { Placement: { Constraints: [] } } } }
    ]
  },
  {
    name: "empty",
    about: "a constraint against a node moves its tasks only; taking it away restarts nothing",
    steps: [
      { do: "create", spec: Specs.replicated("web", 6) },
      {
        do: "update",
        service: "web",
        patch: { ...Specs.constraints("node.hostname!=n2"), ...order("start-first") },
        until: { updates: { web: "completed" } }
      },
      { do: "update", service: "web", patch: { TaskTemplate: { Placement: { Constraints: [] } } } }
    ]
  }
]
