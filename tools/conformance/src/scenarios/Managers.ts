/** Three managers: the leader is lost or stands down, the quorum is lost and comes back, roles change. */
import type { Scenario, Step, Until } from "../Scenario.ts"
import * as Specs from "./Specs.ts"

const patience = { withinSeconds: 180 }
const lose = (fault: "crash" | "black-hole", node: string, until: Until): Step => ({
  ...{ do: "fault", fault, node },
  until: { ...patience, ...until }
})
const restore = (node: string): Step => ({
  ...{ do: "fault", fault: "restore", node },
  until: { ...patience, nodes: { [node]: "ready" } }
})
const role = (node: string, value: "manager" | "worker", until: Until = {}): Step => ({
  ...{ do: "node", node, patch: { Role: value } },
  until: { ...patience, ...until }
})
const leaderIsDown: Until = { leader: "new", nodes: { "{leader}": "down" } }

/** Asked of a manager that is left alone. */
const ask = (method: "GET" | "POST" | "DELETE", path: string, body?: object): Step => ({
  ...{ do: "call", method, path, node: "{leader}" },
  ...(body === undefined ? {} : { body: body as Record<string, unknown> }),
  until: { ...patience, leader: "none" }
})

export const managers: ReadonlyArray<Scenario> = [
  {
    name: "leader-crash",
    about:
      "the leader dies: another leads, nodes are unknown until they report, its tasks are replaced, no service is written",
    managers: 3,
    steps: [
      { do: "create", spec: Specs.replicated("web", 3) },
      { do: "create", spec: Specs.global("each") },
      lose("crash", "{leader}", leaderIsDown),
      { do: "update", service: "web", patch: Specs.replicas(4) },
      restore("{lost}"),
      { do: "update", service: "web", patch: Specs.replicas(5) }
    ]
  },
  {
    name: "leader-black-hole-in-an-update",
    about: "the leader is cut off while it updates a service: the next one goes on with what is still old",
    managers: 3,
    steps: [
      {
        do: "create",
        spec: Specs.replicated("web", 2, {}, { UpdateConfig: Specs.updateConfig({ Delay: 25_000_000_000 }) })
      },
      {
        do: "update",
        service: "web",
        patch: Specs.env("A=1"),
        until: { updates: { web: "updating" }, settled: false }
      },
      lose("black-hole", "{leader}", { ...leaderIsDown, updates: { web: "completed" } }),
      restore("{lost}"),
      { do: "rollback", service: "web", until: { updates: { web: "rollback_completed" } } }
    ]
  },
  {
    name: "leader-stands-down",
    about:
      "the leader becomes a worker: another leads, nothing restarts, a paused update stays paused, the previous spec stays",
    managers: 3,
    steps: [
      {
        do: "create",
        spec: Specs.replicated(
          "web",
          2,
          { RestartPolicy: Specs.restart("none") },
          { UpdateConfig: Specs.updateConfig({ FailureAction: "pause" }) }
        )
      },
      {
        do: "update",
        service: "web",
        patch: { TaskTemplate: { ContainerSpec: { Command: Specs.failing } } },
        until: { updates: { web: "paused" } }
      },
      { do: "create", spec: Specs.replicated("api", 3) },
      role("{leader}", "worker", { leader: "new" }),
      role("{lost}", "manager"),
      { do: "rollback", service: "web", until: { updates: { web: "rollback_completed" } } }
    ]
  },
  {
    name: "quorum-lost",
    about: "one manager of three is left: it refuses what is about the Swarm, until a second one is back",
    managers: 3,
    steps: [
      { do: "create", spec: Specs.replicated("web", 3) },
      lose("crash", "{other}", { nodes: { "{other}": "down" } }),
      lose("crash", "{follower}", { leader: "none" }),
      ask("GET", "/services"),
      ask("GET", "/services/web"),
      ask("GET", "/nodes"),
      ask("GET", "/tasks"),
      ask("GET", "/swarm"),
      ask("GET", "/secrets"),
      ask("GET", "/configs"),
      ask("GET", "/networks"),
      ask("GET", "/_ping"),
      ask("GET", "/info"),
      ask("POST", "/services/create", Specs.replicated("late", 1)),
      ask("DELETE", "/services/web"),
      restore("{follower}"),
      restore("{other}"),
      { do: "update", service: "web", patch: Specs.replicas(4) }
    ]
  },
  {
    name: "follower-demoted",
    about: "a manager becomes a worker, refuses as a worker does, and is promoted again",
    managers: 3,
    steps: [
      { do: "create", spec: Specs.replicated("web", 3, Specs.constraints("node.role==manager").TaskTemplate) },
      role("{follower}", "worker"),
      { do: "call", method: "GET", path: "/nodes", node: "{lost}" },
      role("{lost}", "manager"),
      { do: "call", method: "GET", path: "/nodes", node: "{lost}" }
    ]
  }
]
