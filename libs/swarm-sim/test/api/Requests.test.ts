/** The Engine API request by request: answers, filters, names, errors in the engine's words. */
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { filters, type Sim, spec, startSim } from "./harness.ts"

let sim: Sim
beforeEach(async () => {
  sim = await startSim({ nodes: 4, managers: 3 })
})
afterEach(() => sim.stop())

const settle = () => sim.advance(20_000)

const create = async (name: string, replicas = 1, fields: object = {}): Promise<string> => {
  const { json, status, text } = await sim.call("POST", "/services/create", spec(name, replicas, fields))
  expect(status, text).toBe(201)
  return json.ID
}

const service = async (id: string) => (await sim.get(`/services/${id}`)).json

const names = (objects: ReadonlyArray<{ readonly Spec: { readonly Name: string } }>) =>
  objects.map((it) => it.Spec.Name)

describe("versions", () => {
  it("are told on every answer, and taken from 1.24 to the newest", async () => {
    const ping = await sim.get("/_ping")
    expect(ping.text).toBe("OK")
    expect(ping.headers).toMatchObject({
      "api-version": "1.52",
      "docker-experimental": "false",
      ostype: "linux",
      swarm: "active/manager",
      server: "Docker/29.0.0 (linux)"
    })
    expect((await sim.call("HEAD", "/_ping")).text).toBe("")
    expect((await sim.get("/_ping", "n4")).headers["swarm"]).toBe("active/worker")
    for (const version of ["", "/v1.24", "/v1.41", "/v1.52"])
      expect((await sim.get(`${version}/nodes`)).status).toBe(200)
  })

  it("are refused in the engine's words beyond that", async () => {
    expect(await sim.get("/v1.53/nodes")).toMatchObject({
      status: 400,
      json: { message: "client version 1.53 is too new. Maximum supported API version is 1.52" }
    })
    expect((await sim.get("/v1.23/nodes")).json.message).toContain("client version 1.23 is too old.")
  })

  it("of an older engine go with its words", async () => {
    const identity = { engineVersion: "20.10.24", apiVersion: "1.41", minApiVersion: "1.12" }
    const older = await startSim({}, { identity })
    expect((await older.get("/v1.42/nodes")).json.message).toContain("Maximum supported API version is 1.41")
    expect((await older.get("/v1.1/nodes")).text).toBe(
      "client version 1.1 is too old. Minimum supported API version is 1.12, please upgrade your client to a newer version\n"
    )
    expect((await older.get(`/nodes?${filters({ color: ["red"] })}`)).json.message).toBe("Invalid filter 'color'")
    expect((await older.get("/nodes?filters=nope")).json.message).toBe(
      "invalid character 'o' in literal null (expecting 'u')"
    )
    expect((await older.call("POST", "/services/create", "{")).json.message).toBe("unexpected EOF")
    await older.stop()
  })

  it("and the engine's own, are in /version", async () => {
    expect((await sim.get("/version")).json).toMatchObject({
      Version: "29.0.0",
      ApiVersion: "1.52",
      MinAPIVersion: "1.24",
      Os: "linux",
      Arch: "amd64"
    })
  })
})

describe("paths", () => {
  it("that there are not are not found, and neither are methods", async () => {
    for (const [method, path] of [
      ["GET", "/v1.41/nowhere"],
      ["DELETE", "/services"],
      ["POST", "/nodes"]
    ] as const)
      expect(await sim.call(method, path)).toMatchObject({ status: 404, json: { message: "page not found" } })
  })

  it("of managers are refused by workers", async () => {
    for (const path of ["/nodes", "/services", "/tasks", "/secrets", "/configs", "/swarm", "/services/x"])
      expect(await sim.get(path, "n4")).toMatchObject({
        status: 503,
        json: {
          message:
            "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state. Please run this command on a manager node or promote the current node to a manager."
        }
      })
  })

  it("are refused by a manager while nobody leads", async () => {
    for (const node of ["n2", "n3"]) await sim.call("POST", "/_sim/faults", { _tag: "crash", node })
    sim.advance(1_000)
    expect(await sim.get("/services")).toMatchObject({
      status: 500,
      json: {
        message:
          "rpc error: code = Unknown desc = The swarm does not have a leader. It's possible that too few managers are online. Make sure more than half of the managers are online."
      }
    })
    expect((await sim.get("/info")).json.Swarm).toMatchObject({ ControlAvailable: true, LocalNodeState: "active" })
    expect((await sim.get("/info")).json.Swarm.Error).toContain("does not have a leader")
  })
})

describe("/info", () => {
  it("tells a manager's place in the Swarm, and a worker's", async () => {
    const manager = (await sim.get("/info")).json
    expect(manager).toMatchObject({ Name: "n1", NCPU: 2, ServerVersion: "29.0.0" })
    expect(manager.Swarm).toMatchObject({ LocalNodeState: "active", ControlAvailable: true, Nodes: 4, Managers: 3 })
    expect(manager.Swarm.Cluster.Spec.Dispatcher.HeartbeatPeriod).toBe(5_000_000_000)
    expect(manager.Swarm.Cluster).not.toHaveProperty("JoinTokens")
    expect(manager.Swarm.RemoteManagers).toHaveLength(3)
    const worker = (await sim.get("/info", "n4")).json.Swarm
    expect(worker).toMatchObject({ ControlAvailable: false })
    expect(worker).not.toHaveProperty("Cluster")
    expect(manager.Swarm.NodeID).not.toBe(worker.NodeID)
  })

  it("counts the containers of the node asked, which /containers lists", async () => {
    await create("web", 4)
    settle()
    for (const node of ["n1", "n2", "n3", "n4"]) {
      const { json } = await sim.get("/containers/json", node)
      expect(json).toHaveLength(1)
      expect(json[0]).toMatchObject({ State: "running", Labels: { "com.docker.swarm.service.name": "web" } })
      expect((await sim.get("/info", node)).json.ContainersRunning).toBe(1)
      const id = json[0].Id
      expect((await sim.get(`/containers/${id}/json`, node)).json.State).toMatchObject({ Running: true })
      expect((await sim.get(`/containers/json?${filters({ name: ["web"] })}`, node)).json).toHaveLength(1)
      expect((await sim.get(`/containers/json?${filters({ name: ["db"] })}`, node)).json).toHaveLength(0)
    }
    expect(await sim.get("/containers/none/json")).toMatchObject({
      status: 404,
      json: { message: "No such container: none" }
    })
  })
})

describe("/services", () => {
  it("are created with an id, found by id, name and prefix, and removed", async () => {
    const id = await create("web", 2)
    for (const input of [id, "web", id.slice(0, 6)]) expect((await service(input)).ID).toBe(id)
    expect(await sim.get("/services/none")).toMatchObject({ status: 404, json: { message: "service none not found" } })
    expect((await sim.call("DELETE", "/services/web")).status).toBe(200)
    expect((await sim.get(`/services/${id}`)).status).toBe(404)
  })

  it("whose name is taken, or none, are refused; without one the engine invents it", async () => {
    await create("web")
    const taken = await sim.call("POST", "/services/create", spec("web"))
    expect(taken.status).toBe(409)
    expect(taken.json.message).toMatch(/^rpc error: code = AlreadyExists desc = .*service web already exists$/)
    for (const [body, message] of [
      ["{not json", "invalid JSON: invalid character 'n' looking for beginning of object key string"],
      ["[]", "invalid JSON: json: cannot unmarshal array into Go value of type swarm.ServiceSpec"],
      ["{} {}", "unexpected content after JSON"]
    ])
      expect(await sim.call("POST", "/services/create", body)).toMatchObject({ status: 400, json: { message } })
    expect(await sim.call("POST", "/services/create", { Name: "a" })).toMatchObject({
      status: 400,
      json: { message: "mismatched Runtime and *Spec fields" }
    })
    const { Name: _, ...nameless } = spec("x")
    const { json } = await sim.call("POST", "/services/create", nameless)
    expect((await service(json.ID)).Spec.Name).not.toBe("")
  })

  it("that name networks get their ids, and unknown ones are refused", async () => {
    const network = (await sim.call("POST", "/networks/create", { Name: "app", Driver: "overlay" })).json.Id
    const id = await create("web", 1, {
      TaskTemplate: { ContainerSpec: { Image: "a" }, Networks: [{ Target: "app" }] }
    })
    expect((await service(id)).Spec.TaskTemplate.Networks).toEqual([{ Target: network }])
    const unknown = spec("db", 1, { TaskTemplate: { ContainerSpec: { Image: "a" }, Networks: [{ Target: "none" }] } })
    expect(await sim.call("POST", "/services/create", unknown)).toMatchObject({
      status: 500,
      json: { message: "network none not found" }
    })
  })

  it("are listed by filters, with counts where asked", async () => {
    await create("web", 3, { Labels: { tier: "front" } })
    await create("db", 1)
    await create("agent", 1, { Mode: { Global: {} } })
    settle()
    const listed = async (value: object, more = "") => names((await sim.get(`/services?${filters(value)}${more}`)).json)
    expect(await listed({})).toEqual(["web", "db", "agent"])
    expect(await listed({ name: ["we", "d"] })).toEqual(["web", "db"])
    expect(await listed({ label: ["tier=front"] })).toEqual(["web"])
    expect(await listed({ mode: ["global"] })).toEqual(["agent"])
    expect(await listed({ id: [(await service("db")).ID.slice(0, 8)] })).toEqual(["db"])
    expect(await listed({ runtime: ["plugin"] })).toEqual([])
    expect(await sim.get(`/services?${filters({ color: ["red"] })}`)).toMatchObject({
      status: 400,
      json: { message: "invalid filter 'color'" }
    })
    const counted = (await sim.get("/services?status=true")).json
    expect(counted.map((it: { ServiceStatus: unknown }) => it.ServiceStatus)).toEqual([
      { RunningTasks: 3, DesiredTasks: 3, CompletedTasks: 0 },
      { RunningTasks: 1, DesiredTasks: 1, CompletedTasks: 0 },
      { RunningTasks: 4, DesiredTasks: 4, CompletedTasks: 0 }
    ])
    expect((await sim.get("/v1.40/services?status=true")).json[0]).not.toHaveProperty("ServiceStatus")
    expect((await sim.get("/services?status=perhaps")).status).toBe(400)
  })

  it("are updated under their version only", async () => {
    const id = await create("web", 1)
    settle()
    const before = await service(id)
    const path = `/services/${id}/update?version=${before.Version.Index}`
    const scaled = { ...before.Spec, Mode: { Replicated: { Replicas: 2 } } }
    expect(await sim.call("POST", path, scaled)).toMatchObject({ status: 200 })
    const after = await service(id)
    expect(after.Spec.Mode.Replicated.Replicas).toBe(2)
    expect(after.PreviousSpec).toEqual(before.Spec)
    expect(after.Version.Index).toBeGreaterThan(before.Version.Index)
    expect(await sim.call("POST", path, scaled)).toMatchObject({
      status: 500,
      json: { message: "rpc error: code = Unknown desc = update out of sequence" }
    })
    expect(await sim.call("POST", `/services/${id}/update`, scaled)).toMatchObject({
      status: 400,
      json: { message: `invalid service version '': strconv.ParseUint: parsing "": invalid syntax` }
    })
    expect((await sim.call("POST", `/services/none/update?version=1`, scaled)).status).toBe(404)
  })

  it("are rolled back to the spec before, once there is one", async () => {
    const id = await create("web", 1)
    const first = await service(id)
    const roll = (version: number) =>
      sim.call("POST", `/services/${id}/update?version=${version}&rollback=previous`, first.Spec)
    const refused = await roll(first.Version.Index)
    expect(refused.status).toBe(400)
    expect(refused.json.message).toContain("does not have a previous spec")
    await sim.call("POST", `/services/${id}/update?version=${first.Version.Index}`, {
      ...first.Spec,
      Labels: { a: "1" }
    })
    const second = await service(id)
    expect((await roll(second.Version.Index)).status).toBe(200)
    expect((await service(id)).Spec.Labels).toEqual({})
  })

  it("keep numbers beyond 2^53 in and out, byte for byte", async () => {
    const body =
      '{"Name":"web","TaskTemplate":{"ContainerSpec":{"Image":"a"},"ForceUpdate":9223372036854775807},"Mode":{"Replicated":{"Replicas":1}}}'
    const { json } = await sim.call("POST", "/services/create", body)
    expect((await sim.get(`/services/${json.ID}`)).text).toContain('"ForceUpdate":9223372036854775807')
  })

  it("with defaults, written back, have their tasks replaced; without, written back, none", async () => {
    const id = await create("web", 2)
    settle()
    const running = async () =>
      (await sim.get(`/tasks?${filters({ service: ["web"], "desired-state": ["running"] })}`)).json
        .map((task: { ID: string }) => task.ID)
        .toSorted()
    const write = async (path: string) => {
      const { json } = await sim.get(path)
      await sim.call("POST", `/services/${id}/update?version=${json.Version.Index}`, json.Spec)
      sim.advance(60_000)
    }
    const first = await running()
    await write(`/services/${id}`)
    expect(await running()).toEqual(first)
    expect((await sim.get(`/services/${id}?insertDefaults=true`)).json.Spec.TaskTemplate.RestartPolicy).toEqual({
      Condition: "any",
      Delay: 5_000_000_000,
      MaxAttempts: 0
    })
    await write(`/services/${id}?insertDefaults=true`)
    expect((await running()).some((task: string) => first.includes(task))).toBe(false)
  })

  it("have no logs, and say so", async () => {
    await create("web")
    expect(await sim.get("/services/web/logs?stdout=1")).toMatchObject({ status: 501 })
  })
})

describe("/tasks", () => {
  it("are listed by service, node, desired state, name and id, and found alone", async () => {
    await create("web", 4)
    await create("db", 1)
    settle()
    const listed = async (value: object) => (await sim.get(`/tasks?${filters(value)}`)).json
    expect(await listed({})).toHaveLength(5)
    expect(await listed({ service: ["web"] })).toHaveLength(4)
    expect(await listed({ service: ["web", "db"] })).toHaveLength(5)
    expect(await listed({ service: ["web"], node: ["n2"] })).toHaveLength(1)
    expect(await listed({ name: ["web.1", "db.1"] })).toHaveLength(2)
    expect(await listed({ "desired-state": ["shutdown"] })).toHaveLength(0)
    expect(await listed({ label: ["none"] })).toHaveLength(0)
    const [task] = await listed({ service: ["db"] })
    expect((await listed({ id: [task.ID.slice(0, 10)] })).map((it: { ID: string }) => it.ID)).toEqual([task.ID])
    expect((await sim.get(`/tasks/${task.ID}`)).json).toEqual(task)
    expect(await sim.get("/tasks/none")).toMatchObject({ status: 404, json: { message: "task none not found" } })
    expect((await sim.get(`/tasks?${filters({ service: ["none"] })}`)).json.message).toBe("service none not found")
    expect((await sim.get(`/tasks?${filters({ "desired-state": ["odd"] })}`)).status).toBe(500)
  })

  it("that an update has still to replace are not up to date", async () => {
    const id = await create("web", 2, { UpdateConfig: { Parallelism: 1, Monitor: 1_000_000 } })
    settle()
    const current = async () => (await sim.get(`/tasks?${filters({ service: ["web"], "_up-to-date": ["true"] })}`)).json
    expect(await current()).toHaveLength(2)
    const { Spec, Version } = await service(id)
    Spec.TaskTemplate.ContainerSpec.Env = ["A=1"]
    await sim.call("POST", `/services/${id}/update?version=${Version.Index}`, Spec)
    expect(await current()).toHaveLength(0)
    sim.advance(60_000)
    expect(await current()).toHaveLength(2)
  })
})

describe("/nodes", () => {
  it("are listed by filters, found by hostname, and updated under their version", async () => {
    const listed = async (value: object) =>
      (await sim.get(`/nodes?${filters(value)}`)).json.map(
        (node: { Description: { Hostname: string } }) => node.Description.Hostname
      )
    expect(await listed({})).toEqual(["n1", "n2", "n3", "n4"])
    expect(await listed({ role: ["worker"] })).toEqual(["n4"])
    expect(await listed({ name: ["n2"] })).toEqual(["n2"])
    expect(await listed({ membership: ["accepted"] })).toHaveLength(4)
    expect(await listed({ membership: ["pending"] })).toHaveLength(0)
    expect(await sim.get(`/nodes?${filters({ role: ["boss"] })}`)).toMatchObject({
      status: 500,
      json: { message: "Invalid role filter: 'boss'" }
    })
    const node = (await sim.get("/nodes/n2")).json
    const path = `/nodes/${node.ID}/update?version=${node.Version.Index}`
    const labelled = { ...node.Spec, Labels: { zone: "a" } }
    expect((await sim.call("POST", path, labelled)).status).toBe(200)
    expect(await listed({ "node.label": ["zone=a"] })).toEqual(["n2"])
    expect((await sim.call("POST", path, labelled)).json.message).toContain("update out of sequence")
    expect(await sim.call("POST", path, { ...node.Spec, Availability: "away" })).toMatchObject({
      status: 400,
      json: { message: 'invalid Availability: "away"' }
    })
    expect((await sim.get("/nodes/n9")).json.message).toBe("node n9 not found")
  })

  it("are removed by force, or when they are down", async () => {
    const refused = await sim.call("DELETE", "/nodes/n4")
    expect(refused.status).toBe(400)
    expect(refused.json.message).toContain("is not down and can't be removed")
    expect((await sim.call("DELETE", "/nodes/n4?force=1")).status).toBe(200)
    expect((await sim.get("/nodes")).json).toHaveLength(3)
  })
})

describe("/networks", () => {
  it("are the Swarm's and the engine's own, found by name and prefix", async () => {
    const { json, status } = await sim.call("POST", "/networks/create", {
      Name: "app",
      Driver: "overlay",
      Labels: { stack: "p2p" }
    })
    expect(status).toBe(201)
    const listed = async (value: object) =>
      (await sim.get(`/networks?${filters(value)}`)).json.map((it: { Name: string }) => it.Name).toSorted()
    expect(await listed({})).toEqual(["app", "bridge", "docker_gwbridge", "host", "ingress", "none"])
    expect(await listed({ scope: ["swarm"] })).toEqual(["app", "ingress"])
    expect(await listed({ label: ["stack=p2p"] })).toEqual(["app"])
    expect(await listed({ driver: ["bridge"] })).toEqual(["bridge", "docker_gwbridge"])
    expect(await listed({ type: ["custom"], scope: ["local"] })).toEqual(["docker_gwbridge"])
    for (const input of ["app", json.Id, json.Id.slice(0, 8)])
      expect((await sim.get(`/networks/${input}`)).json).toMatchObject({
        Name: "app",
        Scope: "swarm",
        Containers: null
      })
    expect(await sim.get("/networks/none2")).toMatchObject({
      status: 404,
      json: { message: "network none2 not found" }
    })
    expect((await sim.get("/networks", "n4")).json.map((it: { Scope: string }) => it.Scope)).not.toContain("swarm")
  })

  it("are refused twice, with other drivers, and kept while services use them", async () => {
    await sim.call("POST", "/networks/create", { Name: "app", Driver: "overlay" })
    expect(await sim.call("POST", "/networks/create", { Name: "app", Driver: "overlay" })).toMatchObject({
      status: 409,
      json: { message: "network with name app already exists" }
    })
    expect((await sim.call("POST", "/networks/create", { Name: "local" })).status).toBe(501)
    await create("web", 1, { TaskTemplate: { ContainerSpec: { Image: "a" }, Networks: [{ Target: "app" }] } })
    const used = await sim.call("DELETE", "/networks/app")
    expect(used.status).toBe(400)
    expect(used.json.message).toContain("is in use by service")
    await sim.call("DELETE", "/services/web")
    settle()
    expect((await sim.call("DELETE", "/networks/app")).status).toBe(204)
  })
})

describe.each(["secret", "config"] as const)("/%ss", (kind) => {
  it("are created, listed, found, relabelled and removed", async () => {
    const Data = Buffer.from("value").toString("base64")
    const made = await sim.call("POST", `/${kind}s/create`, { Name: "key", Data, Labels: { a: "1" } })
    expect(made.status).toBe(201)
    const { json } = await sim.get(`/${kind}s/key`)
    expect(json.ID).toBe(made.json.ID)
    // A secret's data is never given back.
    expect(json.Spec.Data).toBe(kind === "secret" ? undefined : Data)
    expect((await sim.get(`/${kind}s?${filters({ label: ["a=1"] })}`)).json).toHaveLength(1)
    expect((await sim.get(`/${kind}s?${filters({ name: ["nokey"] })}`)).json).toHaveLength(0)
    expect((await sim.call("POST", `/${kind}s/create`, { Name: "key", Data })).status).toBe(409)
    const update = (version: number, fields: object) =>
      sim.call("POST", `/${kind}s/key/update?version=${version}`, { ...json.Spec, ...fields })
    expect((await update(json.Version.Index, { Labels: { a: "2" } })).status).toBe(200)
    expect((await sim.get(`/${kind}s/key`)).json.Spec.Labels).toEqual({ a: "2" })
    expect((await update(json.Version.Index, {})).json.message).toContain("update out of sequence")
    expect((await sim.call("DELETE", `/${kind}s/key`)).status).toBe(204)
    expect(await sim.get(`/${kind}s/key`)).toMatchObject({ status: 404, json: { message: `${kind} key not found` } })
  })
})

describe("/swarm", () => {
  it("is inspected and updated, what is left out of a spec stays", async () => {
    const { json } = await sim.get("/swarm")
    expect(json.JoinTokens.Worker).toMatch(/^SWMTKN-1-/)
    const path = `/swarm/update?version=${json.Version.Index}`
    expect((await sim.call("POST", path, { Dispatcher: { HeartbeatPeriod: 1_000_000_000 } })).status).toBe(200)
    const after = (await sim.get("/swarm")).json
    expect(after.Spec).toEqual({ ...json.Spec, Dispatcher: { HeartbeatPeriod: 1_000_000_000 } })
    expect((await sim.call("POST", path, {})).json.message).toContain("update out of sequence")
    expect((await sim.get("/swarm/unlockkey")).json).toEqual({ UnlockKey: "" })
    expect((await sim.call("POST", "/swarm/init", {})).status).toBe(503)
  })
})

describe("/images and /distribution", () => {
  it("answer as an engine without images and without a registry", async () => {
    expect((await sim.get("/images/json")).json).toEqual([])
    expect((await sim.get("/images/registry/a/b:1/json")).json.message).toBe("No such image: registry/a/b:1")
    expect((await sim.get("/distribution/nginx:1/json")).status).toBe(500)
  })
})
