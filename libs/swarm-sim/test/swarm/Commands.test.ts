import { describe, expect, it } from "vitest"
import { Cluster, refusalOf, type ServiceInput, specOf, valueOf } from "./Cluster.ts"

const invalid = (text: string) => `InvalidArgument: rpc error: code = InvalidArgument desc = ${text}`
const create = (name: string, input: ServiceInput) => refusalOf(new Cluster().swarm.createService(specOf(name, input)))

describe("a service is refused", () => {
  it.each([
    ["", {}, "meta: name must be provided"],
    ["a b", {}, "name must be valid as a DNS name component"],
    ["x".repeat(64), {}, "name must be 63 characters or fewer"],
    ["web", { image: "" }, "ContainerSpec: image reference must be provided"],
    ["web", { image: "No/Such:" }, 'ContainerSpec: "No/Such:" is not a valid repository/tag'],
    ["web", { replicas: -1 }, "Number of replicas must be non-negative"],
    ["web", { memoryMiB: 1 }, "invalid memory value 1048576: Must be at least 4MiB"],
    ["web", { update: { Delay: -1 } }, "TaskSpec: update-delay cannot be negative"],
    [
      "web",
      { update: { MaxFailureRatio: 2 } },
      "TaskSpec: update-maxfailureratio cannot be less than 0 or bigger than 1"
    ],
    ["web", { restart: { Delay: -1 } }, "TaskSpec: restart-delay cannot be negative"],
    ["web", { mode: { GlobalJob: {} }, update: {} }, "Jobs may not have an update config"],
    [
      "web",
      { container: { Mounts: [{ Target: "/a" }, { Target: "/a" }] } },
      "ContainerSpec: duplicate mount point: /a"
    ],
    [
      "web",
      { container: { Secrets: [{ SecretID: "s", SecretName: "gone", File: { Name: "f" } }] } },
      "secret not found: gone"
    ],
    [
      "web",
      { endpoint: { Mode: "dnsrr", Ports: [{ PublishMode: "ingress", TargetPort: 80, PublishedPort: 80 }] } },
      "EndpointSpec: port published with ingress mode can't be used with dnsrr mode"
    ]
  ] as ReadonlyArray<[string, ServiceInput, string]>)("%s %o", (name, input, text) => {
    expect(create(name, input)).toBe(invalid(text))
  })

  it("for fields that are not of their kind, by name", () => {
    expect(create("web", { template: { Placement: { Constraints: "node.id==x" } } })).toContain(
      "InvalidArgument: invalid service spec: Spec.TaskTemplate.Placement.Constraints:"
    )
  })

  it("for more tasks than one process can hold, which is not the engine's limit", () => {
    const text = (count: number) =>
      `InvalidArgument: the embedded Swarm runs at most 200000 tasks of a service, not ${count}; an engine has no such limit`
    expect(create("web", { replicas: 200_001 })).toBe(text(200_001))
    expect(create("job", { mode: { ReplicatedJob: { MaxConcurrent: 1e9 } } })).toBe(text(1e9))
    const cluster = new Cluster()
    valueOf(cluster.swarm.createService(specOf("web", { replicas: 200_000 })))
    valueOf(cluster.swarm.createService(specOf("job", { mode: { ReplicatedJob: { TotalCompletions: 1e9 } } })))
  })

  it("for constraints that cannot be read", () => {
    expect(create("web", { constraints: ["node.role=manager"] })).toBe(
      "Unknown: rpc error: code = Unknown desc = constraint expected one operator from ==, !="
    )
    expect(create("web", { constraints: ["role=== x"] })).toBe(
      "Unknown: rpc error: code = Unknown desc = value '= x' is invalid"
    )
  })

  it("for a name that is taken, a network that is not there, a port in use", () => {
    const cluster = new Cluster()
    const ingress = { Ports: [{ TargetPort: 80, PublishedPort: 8080 }] }
    const id = cluster.create("web", { endpoint: ingress })
    expect(refusalOf(cluster.swarm.createService(specOf("web")))).toBe(
      "Conflict: rpc error: code = AlreadyExists desc = name conflicts with an existing object: service web already exists"
    )
    expect(refusalOf(cluster.swarm.createService(specOf("b", { networks: ["nope"] })))).toBe(
      "NotFound: network nope not found"
    )
    expect(refusalOf(cluster.swarm.createService(specOf("b", { endpoint: ingress })))).toBe(
      invalid(`port '8080' is already in use by service 'web' (${id}) as an ingress port`)
    )
    expect(refusalOf(cluster.swarm.createService(specOf("b", { networks: ["ingress"] })))).toBe(
      invalid('Service cannot be explicitly attached to the ingress network "ingress"')
    )
  })
})

describe("an update is refused", () => {
  it("with a version that is not the present one", () => {
    const cluster = new Cluster()
    const id = cluster.running("web")
    const { spec, version } = cluster.service("web")
    const text = "OutOfSequence: rpc error: code = Unknown desc = update out of sequence"
    expect(refusalOf(cluster.swarm.updateService(id, BigInt(version - 1), spec, { rollback: false }))).toBe(text)
    expect(cluster.swarm.updateService(id, BigInt(version), spec, { rollback: false }).ok).toBe(true)
    expect(refusalOf(cluster.swarm.updateService(id, BigInt(version), spec, { rollback: false }))).toBe(text)
  })

  it("with another name or mode, or of a service that is not there", () => {
    const cluster = new Cluster()
    cluster.running("web")
    expect(refusalOf(cluster.update("web", () => specOf("other")))).toBe(
      "Unimplemented: rpc error: code = Unimplemented desc = renaming services is not supported"
    )
    expect(refusalOf(cluster.update("web", () => specOf("web", { global: true })))).toBe(
      "Unimplemented: rpc error: code = Unimplemented desc = service mode change is not allowed"
    )
    expect(refusalOf(cluster.swarm.updateService("gone", 1n, specOf("web"), { rollback: false }))).toBe(
      "NotFound: service gone not found"
    )
  })
})

describe("a spec comes back in the engine's form", () => {
  it("with what its conversion fills in, and nothing that it leaves out", () => {
    const cluster = new Cluster()
    const id = valueOf(
      cluster.swarm.createService({
        Name: "web",
        TaskTemplate: { ContainerSpec: { Image: "web:1", Env: null, Mounts: [] } },
        UpdateConfig: { Parallelism: 2 },
        EndpointSpec: { Ports: [{ TargetPort: 80, PublishedPort: 80 }] }
      })
    )
    expect(cluster.swarm.get("service", id)?.["Spec"]).toEqual({
      Name: "web",
      Labels: {},
      TaskTemplate: { ContainerSpec: { Image: "web:1", Isolation: "default" }, ForceUpdate: 0, Runtime: "container" },
      Mode: { Replicated: { Replicas: 1 } },
      UpdateConfig: { Parallelism: 2, FailureAction: "pause", MaxFailureRatio: 0, Order: "stop-first" },
      EndpointSpec: {
        Mode: "vip",
        Ports: [{ TargetPort: 80, PublishedPort: 80, Protocol: "tcp", PublishMode: "ingress" }]
      }
    })
  })
})

describe("secrets, configs and networks", () => {
  const data = Buffer.from("x").toString("base64")

  it("are kept while a service uses them", () => {
    const cluster = new Cluster()
    const secret = valueOf(cluster.swarm.createSecret({ Name: "key", Data: data }))
    const config = valueOf(cluster.swarm.createConfig({ Name: "conf", Data: data }))
    const network = valueOf(cluster.swarm.createNetwork({ Name: "net", Driver: "overlay" }))
    const service = cluster.running("web", {
      networks: ["net"],
      container: {
        Secrets: [{ SecretID: secret, SecretName: "key", File: { Name: "key" } }],
        Configs: [{ ConfigID: config, ConfigName: "conf", File: { Name: "conf" } }]
      }
    })
    const { swarm } = cluster
    expect(refusalOf(swarm.removeSecret(secret))).toBe(invalid("secret 'key' is in use by the following service: web"))
    expect(refusalOf(swarm.removeConfig(config))).toBe(invalid("config 'conf' is in use by the following service: web"))
    expect(refusalOf(swarm.removeNetwork(network))).toContain(`network ${network} is in use by service ${service}`)
    cluster.swarm.removeService(service)
    cluster.run(20_000)
    expect(cluster.tasks("web")).toEqual([])
    expect([swarm.removeSecret(secret).ok, swarm.removeConfig(config).ok, swarm.removeNetwork(network).ok]).toEqual([
      true,
      true,
      true
    ])
  })

  it("never show a secret's data, and change in their labels alone", () => {
    const cluster = new Cluster()
    const id = valueOf(cluster.swarm.createSecret({ Name: "key", Data: data }))
    expect(cluster.swarm.get("secret", id)?.["Spec"]).toEqual({ Name: "key", Labels: {} })
    const version = BigInt(cluster.store.secrets.get(id)?.version ?? 0)
    expect(refusalOf(cluster.swarm.updateSecret(id, version, { Name: "other" }))).toBe(
      invalid("only updates to Labels are allowed")
    )
    expect(cluster.swarm.updateSecret(id, version, { Name: "key", Labels: { a: "b" } }).ok).toBe(true)
    expect(refusalOf(cluster.swarm.createSecret({ Name: "key", Data: data }))).toContain("secret key already exists")
    expect(refusalOf(cluster.swarm.createSecret({ Name: "empty", Data: "" }))).toContain("larger than 0")
  })
})

describe("events", () => {
  it("tell what changed, of everything but tasks, and keep the last 256", () => {
    const cluster = new Cluster()
    cluster.running("web", { replicas: 2 })
    cluster.scale("web", 3)
    cluster.setNode("n2", { Availability: "drain" })
    const lines = cluster.swarm.recentEvents().map(({ action, attributes, kind }) => ({ kind, action, ...attributes }))
    expect(lines).toContainEqual({ kind: "service", action: "create", name: "web" })
    expect(lines).toContainEqual({
      kind: "service",
      action: "update",
      name: "web",
      "replicas.old": "2",
      "replicas.new": "3"
    })
    expect(lines).toContainEqual({
      kind: "node",
      action: "update",
      name: "n2",
      "availability.old": "active",
      "availability.new": "drain"
    })
    for (let i = 0; i < 300; i++) cluster.update("web", (spec) => spec)
    const events = cluster.swarm.recentEvents()
    expect(events).toHaveLength(256)
    expect(events.every((event, i) => i === 0 || event.timeNanos > (events[i - 1]?.timeNanos ?? 0n))).toBe(true)
  })
})

describe("addresses", () => {
  it("are one per network and task, of the network's subnet, and virtual ones unless round robin is asked for", () => {
    const cluster = new Cluster()
    valueOf(cluster.swarm.createNetwork({ Name: "net", Driver: "overlay" }))
    cluster.running("web", { replicas: 3, networks: ["net"] })
    cluster.running("rr", { replicas: 1, networks: ["net"], endpoint: { Mode: "dnsrr" } })
    const addresses = cluster.tasks("web").flatMap(({ attachments }) => attachments.flatMap((each) => each.addresses))
    expect(new Set(addresses).size).toBe(3)
    for (const address of addresses) expect(address).toMatch(/^10\.0\.1\.\d+\/24$/)
    expect(cluster.service("web").endpoint?.virtualIps).toHaveLength(1)
    expect(cluster.service("rr").endpoint?.virtualIps ?? []).toEqual([])
  })

  it("include the ingress network where the mesh publishes a port, whose number may be given", () => {
    const cluster = new Cluster()
    cluster.running("web", { endpoint: { Ports: [{ TargetPort: 80 }] } })
    const [task] = cluster.tasks("web")
    expect(task?.attachments.map(({ network }) => network.name)).toEqual(["ingress"])
    expect(cluster.service("web").endpoint?.ports).toMatchObject([{ PublishedPort: 30_000 }])
  })

  it("are given to a node too, with its first task of a network, and taken with its last: the node is written", () => {
    const cluster = new Cluster()
    valueOf(cluster.swarm.createNetwork({ Name: "net", Driver: "overlay" }))
    const updates: Array<string> = []
    cluster.swarm.subscribe(({ action, attributes, kind }) => {
      if (kind === "node") updates.push(`${action} ${attributes["name"]}`)
    })
    const pinned = { networks: ["net"], constraints: ["node.hostname==n2"] }
    cluster.running("a", pinned)
    cluster.running("b", pinned)
    expect(updates).toEqual(["update n2"])
    cluster.scale("a", 0)
    cluster.run(10_000)
    expect(updates).toEqual(["update n2"])
    cluster.scale("b", 0)
    cluster.run(10_000)
    expect(updates).toEqual(["update n2", "update n2"])
  })

  it("come back when a task has ended: a small subnet lasts", () => {
    const cluster = new Cluster()
    valueOf(
      cluster.swarm.createNetwork({ Name: "net", Driver: "overlay", IPAM: { Config: [{ Subnet: "10.9.0.0/28" }] } })
    )
    const input = { replicas: 3, networks: ["net"] }
    cluster.running("web", input)
    for (let round = 1; round <= 5; round++) {
      cluster.change("web", { ...input, template: { ForceUpdate: round } })
      cluster.run(90_000)
      expect(cluster.serving("web")).toHaveLength(3)
    }
    // Thirteen addresses: one is virtual, three are the nodes' own.
    cluster.scale("web", 12)
    cluster.run(10_000)
    expect(cluster.serving("web")).toHaveLength(9)
    expect(cluster.tasks("web").filter(({ state }) => state === "new")).toHaveLength(3)
  })
})
