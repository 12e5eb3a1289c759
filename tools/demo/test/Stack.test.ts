import { describe, expect, it } from "vitest"
import { stackOf } from "../src/Cluster.ts"
import * as Stack from "../src/Stack.ts"

const ids = {
  network: "net",
  secrets: new Map([
    ["demo_evenkeel_token", "sec"],
    ["demo_evenkeel_sticky_key", "key"]
  ])
}

describe("the stack of the demo", () => {
  const stack = stackOf("routers")
  const specOf = (name: string) => stack.services.find(({ shortName }) => shortName === name)?.spec(ids)

  it("has the services of deploy/stack.yml, and the trio", () => {
    expect(stack.services.map(({ shortName }) => shortName)).toEqual([
      ...["router", "rebalancer", "vvm1", "vvm2", "vvm3", "vvm4", "vvm5", "vvm6", "trio"]
    ])
    expect(stack.services.filter(({ isGlobal }) => isGlobal).map(({ name }) => name)).toEqual([
      "demo_router",
      "demo_rebalancer"
    ])
    expect(stack.network).toBe("demo_evenkeel")
  })

  it("asks the engine for what the file says", () => {
    expect(specOf("router")).toMatchObject({
      Name: "demo_router",
      Labels: { "evenkeel.role": "router", "com.docker.stack.namespace": "demo" },
      TaskTemplate: {
        ContainerSpec: {
          Image: "evenkeel/router:latest",
          Hostname: "router-{{.Node.Hostname}}",
          StopGracePeriod: 15e9,
          Mounts: [{ Type: "volume", Source: "demo_router_state", Target: "/var/lib/evenkeel" }],
          Secrets: [
            { SecretID: "sec", SecretName: "demo_evenkeel_token" },
            { SecretID: "key", SecretName: "demo_evenkeel_sticky_key" }
          ]
        },
        Networks: [{ Target: "net", Aliases: ["router"] }]
      },
      Mode: { Global: {} },
      UpdateConfig: { Parallelism: 1, Delay: 5e9, Order: "stop-first" },
      EndpointSpec: { Mode: "dnsrr", Ports: [{ TargetPort: 8080, PublishedPort: 8080, PublishMode: "host" }] }
    })
    expect(specOf("rebalancer")).toMatchObject({
      TaskTemplate: { Placement: { Constraints: ["node.role == manager"] } }
    })
    expect(specOf("vvm6")).toMatchObject({
      Labels: { "evenkeel.group": "vvm", "evenkeel.port": "8080" },
      Mode: { Replicated: { Replicas: 1 } }
    })
  })

  it("takes the trio out of the group", () => {
    expect(specOf("trio")).toMatchObject({ Mode: { Replicated: { Replicas: 3 } }, Labels: { "evenkeel.port": "8080" } })
    expect(specOf("trio")?.["Labels"]).not.toHaveProperty("evenkeel.group")
  })

  it("has no rebalancer where Swarm is alone", () => {
    expect(stackOf("mesh").services.map(({ shortName }) => shortName)).not.toContain("rebalancer")
  })
})

it("interpolation takes the defaults", () => {
  expect(Stack.interpolate("image: ${EVENKEEL_IMAGES:-evenkeel}/vvm:${EVENKEEL_TAG:-latest}")).toBe(
    "image: evenkeel/vvm:latest"
  )
})
