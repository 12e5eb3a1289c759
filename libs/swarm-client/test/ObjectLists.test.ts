import { describe, expect, it } from "@effect/vitest"
import * as Either from "effect/Either"
import type { Network } from "@evenkeel/domain/Network"
import type { Node } from "@evenkeel/domain/Node"
import type { Service } from "@evenkeel/domain/Service"
import type { Task } from "@evenkeel/domain/Task"
import type { Listing } from "../src/Decoding.ts"
import type { EngineAnswerMalformed } from "../src/EngineErrors.ts"
import * as ObjectLists from "../src/ObjectLists.ts"
import { wireNode, wireService, wireTask } from "../src/TestWire.ts"

type Result<A> = Either.Either<Listing<A>, EngineAnswerMalformed>

const only = <A>(result: Result<A>): A => {
  const { objects, problems } = Either.getOrThrow(result)
  expect(problems).toEqual([])
  const [object] = objects
  if (object === undefined || objects.length !== 1) throw new Error(`${objects.length} objects`)
  return object
}

const node = (wire: object): Node => only(ObjectLists.make().nodes(JSON.stringify([wire])))
const task = (wire: object): Task => only(ObjectLists.make().tasks(JSON.stringify([wire])))
const service = (wire: object, networks: ReadonlyArray<Network> = []): Service =>
  only(ObjectLists.make().services(JSON.stringify([wire]), networks))
const networks = (...wires: ReadonlyArray<object>): ReadonlyArray<Network> =>
  Either.getOrThrow(ObjectLists.make().networks(JSON.stringify(wires))).objects

const spec = (name: string, rest: object = {}) => ({ ID: "s1", Version: { Index: 7 }, Spec: { Name: name, ...rest } })

describe("nodes", () => {
  it("reads what a manager offers", () => {
    const read = node({
      ID: "n1",
      Version: { Index: 9 },
      CreatedAt: "c",
      UpdatedAt: "u",
      Spec: { Role: "manager", Availability: "drain", Labels: { zone: "a" } },
      Description: {
        Hostname: "node1",
        Platform: { Architecture: "x86_64", OS: "linux" },
        Resources: {
          NanoCPUs: 4e9,
          MemoryBytes: 8e9,
          GenericResources: [
            { NamedResourceSpec: { Kind: "GPU", Value: "uuid1" } },
            { DiscreteResourceSpec: { Kind: "SSD", Value: 3 } },
            { NamedResourceSpec: { Kind: "GPU", Value: "uuid2" } }
          ]
        },
        Engine: { EngineVersion: "20.10.24", Labels: { disk: "ssd" }, Plugins: [{ Type: "Log", Name: "json-file" }] },
        TLSInfo: {}
      },
      Status: { State: "ready", Addr: "10.0.0.1" },
      ManagerStatus: { Leader: true, Reachability: "reachable", Addr: "10.0.0.1:2377" }
    })
    expect({ ...read }).toMatchObject({
      id: "n1",
      version: 9,
      hostname: "node1",
      labels: { zone: "a" },
      engineLabels: { disk: "ssd" },
      role: "manager",
      availability: "drain",
      state: "ready",
      address: "10.0.0.1",
      platform: { os: "linux", architecture: "x86_64" },
      plugins: [{ type: "Log", name: "json-file" }],
      manager: { leader: true, reachability: "reachable", address: "10.0.0.1:2377" },
      createdAt: "c",
      updatedAt: "u"
    })
    expect(read.resources.generic.map((it) => ({ ...it }))).toEqual([
      { kind: "GPU", value: 2, names: ["uuid1", "uuid2"] },
      { kind: "SSD", value: 3, names: [] }
    ])
  })

  it("reads a node that never came up, and words it does not know", () => {
    const read = node({
      ID: "n1",
      Version: { Index: 1 },
      Spec: { Role: "witness", Availability: "hibernate", Labels: null },
      Description: { Platform: {}, Resources: {}, Engine: {} },
      Status: { State: "paused", Message: "later" },
      FutureField: { a: 1 }
    })
    expect(read).toMatchObject({
      hostname: "",
      role: "witness",
      availability: "hibernate",
      state: "paused",
      manager: null
    })
    expect(read.isSchedulable).toBe(false)
    expect(read.resources.nanoCpus).toBe(0)
  })
})

describe("tasks", () => {
  it("reads a running task, its addresses without prefix", () => {
    const read = task({
      ...wireTask({ id: "t1", service: "s1", node: "n1", slot: 3, index: 12 }),
      NetworksAttachments: [
        { Network: { ID: "net1", Spec: { Name: "app" } }, Addresses: ["10.0.1.8/24", "fd00::8/64"] },
        { Network: { ID: "net2" }, Addresses: null },
        { Addresses: ["10.1.1.1/24"] }
      ]
    })
    expect(read).toMatchObject({ id: "t1", version: 12, service: "s1", node: "n1", slot: 3, state: "running" })
    expect(read.isServing).toBe(true)
    expect(read.containerId).toBe("container-of-t1")
    expect(read.addresses.map((it) => ({ ...it }))).toEqual([
      { network: "net1", networkName: "app", address: "10.0.1.8" },
      { network: "net1", networkName: "app", address: "fd00::8" }
    ])
    expect(read.spec).toEqual({ ContainerSpec: { Image: "vvm:1" }, ForceUpdate: 0, Runtime: "container" })
  })

  it("reads a task that has only begun, and a state it does not know", () => {
    const read = task({
      ID: "t1",
      Version: { Index: 2 },
      ServiceID: "s1",
      DesiredState: "running",
      Status: { State: "hibernated" },
      SpecVersion: { Index: 1 }
    })
    expect(read).toMatchObject({ node: null, slot: 0, addresses: [], containerId: "", error: "", specVersion: 1 })
    expect(read.isServing).toBe(false)
    expect(read.isActive).toBe(false)
  })
})

describe("services", () => {
  it("tells an empty placement from none", () => {
    const read = (TaskTemplate: object) => service({ ...spec("web", { TaskTemplate }) }, networks()).hasPlacement
    expect([read({ Placement: {} }), read({})]).toEqual([true, false])
  })

  it("reads what placing and moving need", () => {
    const template = {
      ContainerSpec: {
        Image: "db:1",
        Mounts: [
          { Type: "volume", Source: "data", Target: "/data", VolumeOptions: { DriverConfig: { Name: "rexray" } } },
          { Type: "volume", Source: "other", Target: "/other", VolumeOptions: { DriverConfig: { Name: "local" } } },
          { Type: "bind", Source: "/etc", Target: "/etc", ReadOnly: true }
        ]
      },
      Resources: {
        Reservations: { NanoCPUs: 5e8, GenericResources: [{ DiscreteResourceSpec: { Kind: "SSD", Value: 1 } }] }
      },
      Placement: {
        Constraints: ["node.role==worker"],
        Preferences: [{ Spread: { SpreadDescriptor: "node.labels.zone" } }, { Future: {} }],
        MaxReplicas: 2,
        Platforms: [{ Architecture: "amd64", OS: "linux" }, { OS: "linux" }]
      },
      Networks: [{ Target: "net1", Aliases: ["db"] }, { Target: "net9" }],
      LogDriver: { Name: "gelf" },
      ForceUpdate: 3
    }
    const read = service(
      {
        ...spec("app_db", {
          Labels: { "com.docker.stack.namespace": "app" },
          TaskTemplate: template,
          Mode: { Replicated: { Replicas: 3 } },
          UpdateConfig: { Parallelism: 1, Order: "start-first" },
          EndpointSpec: {
            Mode: "vip",
            Ports: [{ Protocol: "udp", TargetPort: 53, PublishedPort: 5353, PublishMode: "host" }, { TargetPort: 80 }]
          }
        }),
        UpdateStatus: { State: "paused", StartedAt: "then", Message: "m" }
      },
      networks({ Id: "net1", Name: "app_default", Driver: "weave", Scope: "swarm" })
    )
    expect(read).toMatchObject({
      name: "app_db",
      shortName: "db",
      replicas: 3,
      networks: ["net1", "net9"],
      updateOrder: "start-first",
      updateState: "paused",
      updateStartedAt: "then",
      previous: null,
      endpointSpec: { Mode: "vip" }
    })
    expect(read.template).toEqual(template)
    expect({ ...read.placement }).toEqual({
      constraints: ["node.role==worker"],
      preferences: ["node.labels.zone"],
      maxReplicasPerNode: 2,
      platforms: [
        { os: "linux", architecture: "amd64" },
        { os: "linux", architecture: "" }
      ]
    })
    expect(read.reservations).toMatchObject({ nanoCpus: 5e8, memoryBytes: 0, generic: [{ kind: "SSD", value: 1 }] })
    expect(read.ports.map((it) => ({ ...it }))).toEqual([
      { protocol: "udp", mode: "host", target: 53, published: 5353 },
      { protocol: "tcp", mode: "ingress", target: 80, published: 0 }
    ])
    expect(read.mounts.map(({ driver, readOnly, type }) => [type, driver, readOnly])).toEqual([
      ["volume", "rexray", false],
      ["volume", "local", false],
      ["bind", "", true]
    ])
    expect(read.requiredPlugins).toEqual([
      { type: "Volume", name: "rexray" },
      { type: "Network", name: "weave" },
      { type: "Log", name: "gelf" }
    ])
  })

  it("reads the barest one", () => {
    const read = service(spec("x"))
    expect(read).toMatchObject({
      mode: { kind: "unknown" },
      updateOrder: "stop-first",
      updateState: null,
      template: null
    })
    expect(read.placement.constraints).toEqual([])
  })

  it.each([
    [{ Global: {} }, "global"],
    [{ ReplicatedJob: { MaxConcurrent: 1 } }, "replicated-job"],
    [{ GlobalJob: {} }, "global-job"],
    [{ Quantum: {} }, "unknown"],
    [{ Replicated: null, Global: {} }, "global"]
  ])("reads mode %j as %s", (mode, kind) => {
    expect(service(spec("x", { Mode: mode })).mode.kind).toBe(kind)
  })

  it("tells a rollback that changes nothing from one that does", () => {
    const wire = wireService({ id: "s1", replicas: 2, labels: { a: "1" }, constraints: ["node.id==n1"] })
    const same = service({ ...wire, PreviousSpec: wire.Spec })
    expect(same.previous).toEqual({ labels: { a: "1" }, constraints: ["node.id==n1"], equalsSpec: true, replicas: 2 })
    const other = wireService({ id: "s1", replicas: 3 }).Spec
    expect(service({ ...wire, PreviousSpec: other }).previous).toEqual({
      labels: {},
      constraints: [],
      equalsSpec: false,
      replicas: 3
    })
  })

  it("looks again at a service when the driver of its network becomes known", () => {
    const lists = ObjectLists.make()
    const text = JSON.stringify([spec("x", { TaskTemplate: { Networks: [{ Target: "net1" }] } })])
    expect(only(lists.services(text, [])).requiredPlugins).toEqual([])
    const known = networks({ Id: "net1", Name: "n", Driver: "overlay", Scope: "swarm" })
    expect(only(lists.services(text, known)).requiredPlugins).toEqual([{ type: "Network", name: "overlay" }])
  })
})

describe("lists", () => {
  it("forgets what is gone and keeps what is the same", () => {
    const lists = ObjectLists.make()
    const [a, b] = [wireNode({ id: "a", index: 1 }), wireNode({ id: "b", index: 1 })]
    const read = (...wires: ReadonlyArray<object>) => Either.getOrThrow(lists.nodes(JSON.stringify(wires))).objects
    const [firstA, firstB] = read(a, b)
    expect(read(b)[0]).toBe(firstB)
    expect(read(a)[0]).not.toBe(firstA)
    expect(read({ ...a, Version: { Index: 2 } })[0]?.version).toBe(2)
  })

  it.each([null, 3, "x", []])("%j is no object, and does not hide its neighbour", (element) => {
    const listing = Either.getOrThrow(ObjectLists.make().nodes(JSON.stringify([element, wireNode({ id: "a" })])))
    expect(listing.objects.map(({ id }) => id)).toEqual(["a"])
    expect(listing.problems.map(({ object }) => object)).toEqual(["node #0"])
  })
})
