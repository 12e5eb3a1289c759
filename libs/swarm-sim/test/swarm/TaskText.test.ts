/** A task's text is what its value, written out, would be: to the letter, in every state. */
import { assert, describe, it } from "@effect/vitest"
import * as EngineView from "../../src/swarm/EngineView.ts"
import { Swarm } from "../../src/swarm/Swarm.ts"
import * as TaskText from "../../src/swarm/TaskText.ts"
import { virtual } from "../../src/swarm/VirtualRuntime.ts"

const all = { services: [], nodes: [], desired: [] }

/** Services of every kind, one that fails, one without a node, jobs, ports; a node that is lost. */
const eventful = (): Swarm => {
  const swarm = new Swarm({
    nodes: 3,
    seed: 4,
    runtime: virtual({ behaviour: ({ serviceName }) => ({ isImageMissing: serviceName === "missing" }) })
  })
  swarm.createNetwork({ Name: 'a "net"', Driver: "overlay", Attachable: true, Labels: { text: "ä\n" } })
  const service = (Name: string, more: object = {}, container: object = {}) => {
    const made = swarm.createService({
      Name,
      TaskTemplate: {
        ContainerSpec: { Image: "a", Env: ["QUOTED=\"'\\"], ...container },
        Networks: [{ Target: 'a "net"' }]
      },
      Mode: { Replicated: { Replicas: 3 } },
      ...more
    })
    assert.isTrue(made.ok, JSON.stringify(made))
  }
  service("plain")
  service("everywhere", { Mode: { Global: {} } })
  service("job", { Mode: { ReplicatedJob: { TotalCompletions: 2 } } }, { Command: ["true"] })
  service("failing", {}, { Command: ["sh", "-c", "sleep 1; exit 3"] })
  service("missing")
  service("ports", {
    EndpointSpec: {
      Mode: "dnsrr",
      Ports: [{ Protocol: "tcp", TargetPort: 80, PublishedPort: 8080, PublishMode: "host" }]
    }
  })
  service("nowhere", {
    TaskTemplate: { ContainerSpec: { Image: "a" }, Placement: { Constraints: ["node.hostname==n9"] } }
  })
  return swarm
}

describe("the text of a task", () => {
  it("is that of its value, in every state", () => {
    const swarm = eventful()
    const states = new Set<string>()
    for (let i = 0; i < 40; i++) {
      swarm.advanceTo(swarm.nowMillis() + 137)
      if (i === 25) swarm.fault({ _tag: "crash", node: "n3" })
      if (i > 25) swarm.advanceTo(swarm.nowMillis() + 1_000)
      for (const record of swarm.internals.machine.store.tasks.values()) {
        states.add(record.state)
        assert.strictEqual(TaskText.write(record), JSON.stringify(EngineView.task(record)))
      }
    }
    for (const state of ["pending", "assigned", "preparing", "running", "complete", "failed", "rejected"])
      assert.include([...states], state)
  })

  it("is given for the services, nodes and desired states that are asked for", () => {
    const swarm = eventful()
    swarm.advanceTo(swarm.nowMillis() + 20_000)
    const tasks = swarm.list("task")
    const [n1] = swarm.list("node")
    const node = String(n1?.["ID"])
    const texts = (query: Partial<typeof all>) => [...swarm.taskTexts({ ...all, ...query })]
    const expected = (keep: (task: (typeof tasks)[number]) => boolean) =>
      tasks.filter(keep).map((task) => JSON.stringify(task))
    assert.deepStrictEqual(
      texts({}),
      expected(() => true)
    )
    assert.deepStrictEqual(
      texts({ nodes: [node] as never }),
      expected((task) => task["NodeID"] === node)
    )
    assert.deepStrictEqual(
      texts({ nodes: [node] as never, desired: ["running"] as never }),
      expected((task) => task["NodeID"] === node && task["DesiredState"] === "running")
    )
    const service = String(tasks[0]?.["ServiceID"])
    assert.deepStrictEqual(
      texts({ services: [service, service] as never }),
      expected((task) => task["ServiceID"] === service)
    )
  })
})
