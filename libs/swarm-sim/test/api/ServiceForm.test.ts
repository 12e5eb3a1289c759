import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { EngineRefusal } from "../../src/api/EngineRefusal.ts"
import { parse } from "../../src/api/EngineText.ts"
import { withDefaults } from "../../src/api/ServiceDefaults.ts"
import { serviceForm } from "../../src/api/ServiceForm.ts"
import type { EngineJson } from "../../src/swarm/SwarmPort.ts"

const fixture = new URL("../../../domain/test/fixtures/engine-20.10/service-template.json", import.meta.url)
const template = JSON.parse(readFileSync(fixture, "utf8")) as EngineJson

const form = (spec: EngineJson, apiVersion = "1.52", engineVersion = "1.52") =>
  serviceForm(spec, apiVersion, engineVersion)

const container = (fields: EngineJson) => ({ Name: "a", TaskTemplate: { ContainerSpec: { Image: "a", ...fields } } })

const containerOf = (spec: EngineJson) => (spec["TaskTemplate"] as EngineJson)["ContainerSpec"] as EngineJson

const refusalOf = (spec: EngineJson) => {
  try {
    form(spec)
    return "accepted"
  } catch (error) {
    return error instanceof EngineRefusal ? `${error.status} ${error.message}` : String(error)
  }
}

describe("a service spec", () => {
  it("that a real engine gave back is given back as it was, byte for byte", () => {
    const spec = { Name: "p2p_vvm3", Labels: {}, TaskTemplate: template, Mode: { Replicated: { Replicas: 1 } } }
    expect(JSON.stringify(form(spec, "1.41", "1.41"))).toBe(JSON.stringify(spec))
  })

  it("gets what the engine always writes, in its order, and loses what it does not know", () => {
    const spec = form({
      Unknown: 1,
      Mode: {},
      TaskTemplate: { ContainerSpec: { TTY: false, Image: "a", Env: [] } },
      Name: "a"
    })
    expect(JSON.stringify(spec)).toBe(
      JSON.stringify({
        Name: "a",
        Labels: {},
        TaskTemplate: {
          ContainerSpec: { Image: "a", Isolation: "default" },
          ForceUpdate: 0,
          Runtime: "container"
        },
        Mode: { Replicated: { Replicas: 1 } }
      })
    )
  })

  it("keeps numbers beyond 2^53 to the digit", () => {
    const posted = parse(
      '{"Name":"a","TaskTemplate":{"ContainerSpec":{"Image":"a"},"ForceUpdate":9223372036854775807}}'
    )
    expect(JSON.stringify(form(posted as EngineJson))).toContain('"ForceUpdate":9223372036854775807')
  })

  it("keeps a zero where the engine tells it from nothing, and drops it elsewhere", () => {
    const spec = form({
      Name: "a",
      TaskTemplate: {
        ContainerSpec: { Image: "a", StopGracePeriod: 0, Init: false },
        RestartPolicy: { Delay: 0 },
        Resources: { Limits: { NanoCPUs: 0 } }
      },
      UpdateConfig: { Parallelism: 0, Delay: 0 }
    })
    expect(spec["TaskTemplate"]).toEqual({
      ContainerSpec: { Image: "a", Init: false, StopGracePeriod: 0, Isolation: "default" },
      Resources: { Limits: {} },
      RestartPolicy: { Condition: "any", Delay: 0, MaxAttempts: 0 },
      ForceUpdate: 0,
      Runtime: "container"
    })
    expect(spec["UpdateConfig"]).toEqual({
      Parallelism: 0,
      FailureAction: "pause",
      MaxFailureRatio: 0,
      Order: "stop-first"
    })
  })

  it("loses what an older API version did not know", () => {
    const spec = container({ OomScoreAdj: 5, CapabilityAdd: ["CAP_NET_ADMIN"], Sysctls: { "net.core.somaxconn": "1" } })
    expect(containerOf(form(spec, "1.52"))).toMatchObject({ OomScoreAdj: 5, CapabilityAdd: ["CAP_NET_ADMIN"] })
    expect(containerOf(form(spec, "1.45"))).not.toHaveProperty("OomScoreAdj")
    expect(containerOf(form(spec, "1.45"))).toHaveProperty("CapabilityAdd")
    expect(containerOf(form(spec, "1.40"))).not.toHaveProperty("CapabilityAdd")
    expect(containerOf(form(spec, "1.39"))).not.toHaveProperty("Sysctls")
  })

  it("may name its networks beside the template before 1.44 only", () => {
    const spec = { ...container({}), Networks: [{ Target: "app" }] }
    expect(form(spec, "1.43")["TaskTemplate"]).toMatchObject({ Networks: [{ Target: "app" }] })
    expect(form(spec, "1.44")["TaskTemplate"]).not.toHaveProperty("Networks")
  })

  it("fills in ports, and passes over bind options that say nothing", () => {
    const spec = form({
      ...container({ Mounts: [{ Type: "bind", Source: "/a", Target: "/b", BindOptions: {} }] }),
      EndpointSpec: { Ports: [{ TargetPort: 80, PublishedPort: 8080, PublishMode: "host" }] }
    })
    expect(containerOf(spec)["Mounts"]).toEqual([{ Type: "bind", Source: "/a", Target: "/b" }])
    expect(spec["EndpointSpec"]).toEqual({
      Mode: "vip",
      Ports: [{ Protocol: "tcp", TargetPort: 80, PublishedPort: 8080, PublishMode: "host" }]
    })
  })

  it.each([
    [{ ...container({}), Mode: { Global: {}, Replicated: {} } }, "400 must specify only one service mode"],
    [{ ...container({}), EndpointSpec: { Mode: "dns" } }, '400 invalid resolution mode: "dns"'],
    [{ ...container({}), UpdateConfig: { Order: "both" } }, "400 unrecognized update order both"],
    [{ ...container({}), UpdateConfig: { FailureAction: "stop" } }, "400 unrecognized update failure action stop"],
    [{ Name: "a", TaskTemplate: {} }, "400 mismatched Runtime and *Spec fields"],
    [container({ Mounts: [{ Type: "disk" }] }), '400 invalid MountType: "disk"'],
    [
      container({ Image: 5 }),
      "400 invalid JSON: json: cannot unmarshal number into Go struct field ServiceSpec.TaskTemplate.ContainerSpec.Image of type string"
    ]
  ])("is refused in the engine's words: %j", (spec, refusal) => {
    expect(refusalOf(spec)).toBe(refusal)
  })

  it("with defaults is another one, which the engine would keep", () => {
    const service = { ID: "s1", Spec: form(container({})) }
    const spec = withDefaults(service, (written) => form(written))["Spec"] as EngineJson
    expect(spec["TaskTemplate"]).toEqual({
      ContainerSpec: { Image: "a", StopGracePeriod: 10_000_000_000, DNSConfig: {}, Isolation: "default" },
      Resources: {},
      RestartPolicy: { Condition: "any", Delay: 5_000_000_000, MaxAttempts: 0 },
      Placement: {},
      ForceUpdate: 0,
      Runtime: "container"
    })
    expect(spec["UpdateConfig"]).toEqual({
      Parallelism: 1,
      FailureAction: "pause",
      Monitor: 5_000_000_000,
      MaxFailureRatio: 0,
      Order: "stop-first"
    })
    expect(form(spec)).toEqual(spec)
  })
})
