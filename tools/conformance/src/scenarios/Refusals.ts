/** What the engine refuses, and how: status codes and texts. */
import type { EngineObject } from "../EngineValue.ts"
import type { Scenario, Step } from "../Scenario.ts"
import * as Specs from "./Specs.ts"

const create = (spec: EngineObject): Step => ({ do: "call", method: "POST", path: "/services/create", body: spec })
const get = (path: string, keep: "status" | "body" | "names" | "shape" = "status", node?: string): Step => ({
  ...{ do: "call", method: "GET", path, keep },
  ...(node === undefined ? {} : { node })
})
const remove = (path: string): Step => ({ do: "call", method: "DELETE", path })
const post = (path: string, body?: EngineObject | string): Step => ({
  ...{ do: "call", method: "POST", path },
  ...(body === undefined ? {} : { body })
})
const web = (more: EngineObject = {}, template: EngineObject = {}) => Specs.replicated("web", 1, template, more)
const filters = (value: unknown) => `filters=${encodeURIComponent(JSON.stringify(value))}`
const base64 = (text: string) => Buffer.from(text).toString("base64")

export const refusals: ReadonlyArray<Scenario> = [
  {
    name: "version-conflict",
    about: "a version that has passed, or none",
    steps: [
      { do: "create", spec: web() },
      { do: "update", service: "web", patch: Specs.replicas(2), version: "stale" },
      { do: "update", service: "web", patch: Specs.replicas(2), version: "none" },
      { do: "node", node: "n2", patch: { Labels: { a: "b" } }, version: "stale" },
      post("/services/web/update?version=x", web())
    ]
  },
  {
    name: "invalid-specs",
    about: "specs that are refused, with the reason",
    steps: [
      create({}),
      create({ Name: "web" }),
      create(web({ Name: "-web" })),
      create(web({ Name: "a".repeat(64) })),
      create(web({}, { ContainerSpec: {} })),
      create(web({ Mode: { Replicated: { Replicas: 1 }, Global: {} } })),
      create(web({ EndpointSpec: { Mode: "nothing" } })),
      create(web({}, { Placement: { Constraints: ["node.role=worker"] } })),
      create(web({}, { Placement: { Constraints: ["node.id"] } })),
      create(web({}, { Resources: { Reservations: { MemoryBytes: 1 } } })),
      create(web({}, { Resources: { Limits: { NanoCPUs: 1 } } })),
      create(web({}, { RestartPolicy: { Condition: "sometimes" } })),
      create(web({}, { RestartPolicy: { Condition: "any", Delay: -1 } })),
      create(web({ UpdateConfig: { Order: "at-once" } })),
      create(web({ UpdateConfig: { FailureAction: "ignore" } })),
      create(web({ UpdateConfig: { Parallelism: 1, MaxFailureRatio: 2 } })),
      create(web({ UpdateConfig: { Parallelism: 1, Delay: -1 } })),
      create(web({ UpdateConfig: { Parallelism: 1, Monitor: -1 } })),
      create(web({}, { Networks: [{ Target: "absent" }] })),
      create(
        web({
          EndpointSpec: {
            Mode: "dnsrr",
            Ports: [{ Protocol: "tcp", TargetPort: 80, PublishedPort: 18081, PublishMode: "ingress" }]
          }
        })
      ),
      create(
        web({
          EndpointSpec: {
            Ports: [
              { Protocol: "tcp", TargetPort: 80, PublishedPort: 18081, PublishMode: "host" },
              { Protocol: "tcp", TargetPort: 80, PublishedPort: 18081, PublishMode: "host" }
            ]
          }
        })
      ),
      post("/services/create", "{"),
      post("/services/create", "[]")
    ]
  },
  {
    name: "invalid-updates",
    about: "what an update may not change",
    steps: [
      { do: "create", spec: web() },
      create(web()),
      { do: "update", service: "web", patch: { Name: "other" } },
      { do: "update", service: "web", patch: { Mode: { Replicated: null, Global: {} } } },
      { do: "update", service: "web", patch: { TaskTemplate: { ContainerSpec: { Image: null } } } },
      { do: "update", service: "web", patch: Specs.constraints("node.nothing") },
      { do: "node", node: "n2", patch: { Role: "king" } },
      { do: "node", node: "n2", patch: { Availability: "asleep" } },
      { do: "node", node: "n1", patch: { Role: "worker" } },
      remove("/nodes/{node:n2}"),
      remove("/nodes/{node:n1}?force=1")
    ]
  },
  {
    name: "unknown-ids",
    about: "objects that are not there",
    steps: [
      get("/services/absent"),
      get("/tasks/absent"),
      get("/nodes/absent"),
      get("/networks/absent"),
      get("/secrets/absent"),
      get("/configs/absent"),
      remove("/services/absent"),
      remove("/nodes/absent"),
      remove("/networks/absent"),
      remove("/secrets/absent"),
      remove("/configs/absent"),
      post("/services/absent/update?version=1", web()),
      post("/nodes/absent/update?version=1", { Role: "worker", Availability: "active" }),
      get("/nowhere"),
      { do: "call", method: "GET", path: "//v9.99/services" },
      { do: "call", method: "GET", path: "//v1.1/services" }
    ]
  },
  {
    name: "worker-refuses",
    about: "a worker's engine answers no question about the Swarm",
    steps: [
      get("/services", "status", "n2"),
      get("/tasks", "status", "n2"),
      get("/nodes", "status", "n2"),
      get("/secrets", "status", "n2"),
      get("/swarm", "status", "n2"),
      { do: "call", method: "POST", path: "/services/create", body: web(), node: "n2" },
      get("/_ping", "body", "n2")
    ]
  },
  {
    name: "lists",
    about: "filters by name, id, label, mode, role, desired state, node, and filters that are refused",
    steps: [
      { do: "create", spec: web({ Labels: { tier: "front" } }) },
      { do: "create", spec: Specs.global("each", {}, { Labels: { tier: "back", odd: "" } }) },
      { do: "create", spec: Specs.replicated("web2", 2) },
      get("/services", "names"),
      get(`/services?${filters({ name: ["web"] })}`, "names"),
      get(`/services?${filters({ label: ["tier=front"] })}`, "names"),
      get(`/services?${filters({ label: ["tier"] })}`, "names"),
      get(`/services?${filters({ label: { "tier=back": true } })}`, "names"),
      get(`/services?${filters({ mode: ["global"] })}`, "names"),
      get(`/services?${filters({ mode: ["replicated"] })}`, "names"),
      get(`/services?${filters({ shape: ["round"] })}`, "names"),
      get(`/services?filters=nonsense`, "names"),
      get(`/tasks?${filters({ service: ["web"] })}`, "names"),
      get(`/tasks?${filters({ service: ["absent"] })}`, "names"),
      get(`/tasks?${filters({ node: ["n1"] })}`, "names"),
      get(`/tasks?${filters({ "desired-state": ["running"] })}`, "names"),
      get(`/tasks?${filters({ "desired-state": ["shutdown"] })}`, "names"),
      get(`/tasks?${filters({ "desired-state": ["done"] })}`, "names"),
      get(`/tasks?${filters({ "_up-to-date": ["true"] })}`, "names"),
      get(`/tasks?${filters({ runtime: ["container"] })}`, "names"),
      get(`/tasks?${filters({ name: ["web"] })}`, "names"),
      get(`/tasks?${filters({ shape: ["round"] })}`, "names"),
      get(`/nodes?${filters({ role: ["worker"] })}`, "names"),
      get(`/nodes?${filters({ name: ["n"] })}`, "names"),
      get(`/nodes?${filters({ role: ["king"] })}`, "names"),
      get(`/nodes?${filters({ shape: ["round"] })}`, "names"),
      get("/networks", "names"),
      get(`/networks?${filters({ driver: ["overlay"] })}`, "names"),
      get(`/networks?${filters({ scope: ["swarm"] })}`, "names")
    ]
  },
  {
    name: "shapes",
    about: "which fields the engine's objects have",
    steps: [
      post("/secrets/create", { Name: "token", Data: base64("one"), Labels: { a: "b" } }),
      post("/configs/create", { Name: "page", Data: base64("one") }),
      {
        do: "create",
        spec: web(
          {
            EndpointSpec: {
              Mode: "dnsrr",
              Ports: [{ Protocol: "tcp", TargetPort: 8080, PublishedPort: 18080, PublishMode: "host" }]
            },
            UpdateConfig: Specs.updateConfig()
          },
          { Networks: [{ Target: "evenkeel" }], Placement: { Constraints: ["node.role==manager"] } }
        )
      },
      get("/services/web", "shape"),
      get("/services/web?insertDefaults=true", "shape"),
      get("/services?status=true", "shape"),
      get("/tasks/{task:web.1#1}", "shape"),
      get("/nodes/{node:n1}", "shape"),
      get("/nodes/{node:n2}", "shape"),
      get("/secrets/token", "shape"),
      get("/configs/page", "shape"),
      post("/networks/create", { Name: "back", Driver: "overlay", Labels: { a: "b" } }),
      get("/networks/back", "shape"),
      get("/swarm", "shape"),
      get("/_ping", "body")
    ]
  },
  {
    name: "secrets",
    about: "a secret in use stays; data does not change; names are taken once",
    steps: [
      post("/secrets/create", { Name: "token", Data: base64("one"), Labels: { a: "b" } }),
      post("/secrets/create", { Name: "token", Data: base64("two") }),
      post("/secrets/create", { Name: "", Data: base64("two") }),
      post("/secrets/create", { Name: "empty", Data: "" }),
      get("/secrets", "names"),
      get("/secrets/token"),
      {
        do: "create",
        spec: web(
          {},
          {
            ContainerSpec: Specs.containerSpec({
              Secrets: [
                {
                  File: { Name: "token", UID: "0", GID: "0", Mode: 292 },
                  SecretID: "{secret:token}",
                  SecretName: "token"
                }
              ]
            })
          }
        )
      },
      remove("/secrets/{secret:token}"),
      post("/secrets/{secret:token}/update?version=1", { Name: "token", Labels: {} }),
      { do: "remove", service: "web" },
      remove("/secrets/{secret:token}"),
      get("/secrets/token")
    ]
  },
  {
    name: "configs",
    about: "a config in use stays; its data can be read",
    steps: [
      post("/configs/create", { Name: "page", Data: base64("one"), Labels: { a: "b" } }),
      post("/configs/create", { Name: "page", Data: base64("two") }),
      post("/configs/create", { Name: "bad name", Data: base64("two") }),
      get("/configs", "names"),
      {
        do: "create",
        spec: web(
          {},
          {
            ContainerSpec: Specs.containerSpec({
              Configs: [
                {
                  File: { Name: "page", UID: "0", GID: "0", Mode: 292 },
                  ConfigID: "{config:page}",
                  ConfigName: "page"
                }
              ]
            })
          }
        )
      },
      remove("/configs/{config:page}"),
      { do: "remove", service: "web" },
      remove("/configs/{config:page}"),
      get("/configs/page")
    ]
  },
  {
    name: "stack",
    about: "docker stack deploy, again with a change, and rm",
    steps: [
      ...[1, 2].map((replicas): Step => ({
        do: "docker",
        args: ["stack", "deploy", "--resolve-image", "never", "--compose-file", "stack.yml", "shop"],
        files: {
          "stack.yml": JSON.stringify({
            version: "3.8",
            services: {
              front: {
                image: Specs.image,
                command: Specs.serving,
                networks: ["net"],
                configs: ["page"],
                deploy: { replicas, endpoint_mode: "dnsrr", labels: { tier: "front" } }
              },
              agent: {
                image: Specs.image,
                command: Specs.serving,
                networks: ["net"],
                secrets: ["token"],
                deploy: { mode: "global", endpoint_mode: "dnsrr" }
              }
            },
            networks: { net: { driver: "overlay" } },
            configs: { page: { file: "./page.txt" } },
            secrets: { token: { file: "./token.txt" } }
          }),
          "page.txt": "one",
          "token.txt": "secret"
        }
      })),
      { do: "docker", args: ["stack", "ls"] },
      { do: "docker", args: ["stack", "rm", "shop"] }
    ]
  }
]
