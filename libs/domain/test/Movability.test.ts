import { describe, expect, it } from "vitest"
import { ServiceId } from "../src/Ids.ts"
import * as Movability from "../src/Movability.ts"
import { defaultPolicy } from "../src/planner/PlannerPolicy.ts"
import { Mount } from "../src/Service.ts"
import { journalLabel } from "../src/MoveJournal.ts"
import { snapshot, task, type ServiceInput } from "./fixtures/Cluster.ts"
import type { Task } from "../src/Task.ts"

const judge = (input: Partial<ServiceInput>, extra: ReadonlyArray<Task> = [], policy = defaultPolicy) => {
  const state = snapshot(
    {
      nodes: ["n1", "n2", { name: "n3", availability: "drain" }, { name: "n4", state: "unknown" }],
      services: [{ name: "web", tasks: "n1", ...input }]
    },
    extra
  )
  const [web] = state.services
  if (web === undefined) throw new Error("no service")
  return Movability.of(state, web, policy)
}
const fixed = (reason: object) => ({ _tag: "Fixed", reason })
const mount = (type: string, rest: Partial<Mount> = {}) =>
  new Mount({ type, source: "src", target: "/data", readOnly: false, driver: "", ...rest })

describe("a service is movable", () => {
  it("by a pin with one task, by surges with several", () => {
    expect(judge({})).toMatchObject({ _tag: "Movable", strategy: "pin" })
    expect(judge({ tasks: "n1 n2" })).toMatchObject({ _tag: "Movable", strategy: "surge" })
  })

  it("with mounts that hold nothing of the node, or when told so", () => {
    expect(judge({ mounts: [mount("tmpfs"), mount("volume", { driver: "ceph" })] })._tag).toBe("Movable")
    const force = { "evenkeel.rebalance": "force" }
    expect(judge({ mounts: [mount("bind")], labels: force })._tag).toBe("Movable")
    expect(judge({ constraints: ["node.hostname==n1"], labels: force })._tag).toBe("Movable")
  })

  it("after an update that has ended, and with a placement that differs from its tasks' but holds", () => {
    expect(judge({ updateState: "completed" })._tag).toBe("Movable")
    expect(judge({ updateState: "rollback_completed" })._tag).toBe("Movable")
    const moved = task({ service: "web", slot: 1, node: "n1", spec: { Placement: { Constraints: ["node.id==n1"] } } })
    expect(judge({ tasks: "", replicas: 1 }, [moved])._tag).toBe("Movable")
  })
})

describe("a service stays", () => {
  it.each(["global", "replicated-job", "global-job", "unknown"] as const)("when its mode is %s", (kind) => {
    const tag = { global: "Global", "replicated-job": "Job", "global-job": "Job", unknown: "UnknownMode" }[kind]
    expect(judge({ mode: { kind } })).toEqual(fixed({ _tag: tag }))
  })

  it("when its owner opted out", () => {
    expect(judge({ labels: { "evenkeel.rebalance": "off" } })).toEqual(fixed({ _tag: "OptedOut" }))
  })

  it.each([
    mount("bind", { readOnly: true }),
    mount("volume"),
    mount("volume", { driver: "local" }),
    mount("npipe"),
    mount("something-new")
  ])("with state on its node: $type $driver", (each) => {
    expect(judge({ mounts: [each] })).toEqual(fixed({ _tag: "Stateful", mounts: ["/data"] }))
  })

  it("when it would take a constraint and its spec has no placement", () => {
    expect(judge({ hasPlacement: false })).toEqual(fixed({ _tag: "PlacementAbsent" }))
    expect(judge({ hasPlacement: false, tasks: "n1 n2" })).toMatchObject({ _tag: "Movable", strategy: "surge" })
  })

  it("with a cluster volume, even when forced", () => {
    const labels = { "evenkeel.rebalance": "force" }
    expect(judge({ mounts: [mount("cluster")], labels })).toEqual(fixed({ _tag: "ClusterVolume" }))
  })

  it.each(["node.hostname == n1", "node.id==n1", "Node.Id==n1", "node.ip==10.0.0.1"])(
    "when tied by %s",
    (constraint) => {
      expect(judge({ constraints: [constraint] })).toEqual(fixed({ _tag: "HostConstraint", constraint }))
    }
  )

  it.each(["node.hostname!=n1", "node.labels.zone!=b", "node.ip==10.0.0.0/8"])(
    "not when only limited by %s",
    (constraint) => {
      expect(judge({ constraints: [constraint], tasks: "n2" })._tag).toBe("Movable")
    }
  )

  it.each(["updating", "paused", "rollback_started", "rollback_paused"])("while its update is %s", (updateState) => {
    expect(judge({ updateState })).toEqual(fixed({ _tag: "UpdateInProgress", state: updateState }))
  })

  it("while Swarm has not yet begun to replace outdated tasks", () => {
    const old = task({ service: "web", slot: 1, node: "n1", spec: { ForceUpdate: 1 } })
    expect(judge({ tasks: "", replicas: 1 }, [old])).toEqual(fixed({ _tag: "UpdateInProgress", state: "pending" }))
  })

  it("with a journal, an unreadable one, or a pin left over", () => {
    expect(judge({ labels: { [journalLabel]: "{}" } })).toEqual(fixed({ _tag: "MoveInProgress" }))
    const constraints = ["node.labels.evenkeel.move!=x.absent"]
    expect(judge({ constraints })).toEqual(fixed({ _tag: "MoveInProgress" }))
  })

  it("while its tasks are not exactly the asked ones, all serving", () => {
    const notSettled = (asked: number, serving: number) => fixed({ _tag: "NotSettled", asked, serving })
    expect(judge({ replicas: 2 })).toEqual(notSettled(2, 1))
    expect(judge({ tasks: "n1 n2", replicas: 1 })).toEqual(notSettled(1, 2))
    const starting = task({ service: "web", slot: 2, node: "n2", state: "starting", id: "starting" })
    expect(judge({ replicas: 2 }, [starting])).toEqual(notSettled(2, 1))
    const twin = task({ service: "web", slot: 1, node: "n2", id: "twin" })
    expect(judge({ replicas: 2 }, [twin])).toEqual(notSettled(2, 2))
    const pending = task({ service: "web", slot: 2, node: null, state: "pending", id: "pending" })
    expect(judge({ replicas: 2 }, [pending])).toEqual(notSettled(2, 1))
    expect(judge({ tasks: "n3" })).toEqual(notSettled(1, 1))
    expect(judge({ tasks: "n4" })).toEqual(notSettled(1, 1))
    const leaving = task({ service: "web", slot: 2, node: "n2", desired: "shutdown", id: "leaving" })
    expect(judge({}, [leaving])._tag).toBe("Movable")
  })

  it("when it asks for nothing, is paused or cools down", () => {
    expect(judge({ tasks: "" })).toEqual(fixed({ _tag: "NoReplicas" }))
    const chosen = new Set([ServiceId.make("web")])
    expect(judge({}, [], { ...defaultPolicy, pausedServices: chosen })).toEqual(fixed({ _tag: "Paused" }))
    expect(judge({}, [], { ...defaultPolicy, coolDown: chosen })).toEqual(fixed({ _tag: "CoolingDown" }))
  })

  it("while what a rollback would bring back is still a move's", () => {
    const previous = { labels: { [journalLabel]: "{}" }, constraints: [], replicas: 1, equalsSpec: false }
    expect(judge({ previous })).toEqual(fixed({ _tag: "MoveInProgress" }))
  })
})

describe("every reason", () => {
  it("is a sentence", () => {
    const reasons = [
      { _tag: "NodeClosed", node: "n1" },
      { _tag: "Unreachable", why: "no room" },
      { _tag: "Stateful", mounts: ["/a", "/b"] },
      { _tag: "Balanced" }
    ] as ReadonlyArray<Parameters<typeof Movability.describe>[0]>
    for (const reason of reasons)
      expect(Movability.describe(reason, (node) => `host-${node}`)).toMatch(/^Stays .*\.$|^Stays: .*\.$/)
  })
})
