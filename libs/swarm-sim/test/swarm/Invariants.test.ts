import { describe, expect, it } from "vitest"
import { stateRanks } from "@evenkeel/domain/Task"
import { firstRefusal } from "@evenkeel/domain/rules/Filters"
import { nodeOf, serviceOf } from "../../src/swarm/Templates.ts"
import { SeededRandom } from "../../src/swarm/SeededRandom.ts"
import type { TaskRecord } from "../../src/swarm/Records.ts"
import { Cluster, seconds, specOf, type ServiceInput } from "./Cluster.ts"

const nodes = 5
const memoryMiB = 400

const pick = <A>(random: SeededRandom, items: ReadonlyArray<A>): A =>
  items[random.int(items.length)] ?? expect.fail("nothing to pick from")

const inputOf = (random: SeededRandom): ServiceInput => ({
  ...(random.int(5) === 0 ? { global: true } : { replicas: random.int(8) }),
  image: `web:${random.int(3)}`,
  ...(random.int(2) === 0 ? { memoryMiB: 10 + random.int(60) } : {}),
  ...(random.int(3) === 0 ? { constraints: [pick(random, ["node.hostname!=n2", "node.labels.zone==a"])] } : {}),
  ...(random.int(4) === 0 ? { preferences: ["node.labels.zone"] } : {}),
  ...(random.int(5) === 0 ? { maxReplicas: 1 + random.int(3) } : {}),
  ...(random.int(6) === 0 ? { hostPort: 8000 + random.int(2) } : {}),
  ...(random.int(6) === 0 ? { command: `sleep ${1 + random.int(20)}; exit ${random.int(2)}` } : {}),
  ...(random.int(6) === 0 ? { restart: { Condition: pick(random, ["none", "on-failure"]), Delay: 1e9 } } : {}),
  update: {
    Parallelism: random.int(3),
    Order: pick(random, ["start-first", "stop-first"]),
    FailureAction: pick(random, ["pause", "continue", "rollback"])
  }
})

/** One random command or fault. */
const act = (cluster: Cluster, random: SeededRandom): void => {
  const names = [...cluster.store.services.values()].map((service) => String(service.spec["Name"]))
  const node = `n${1 + random.int(nodes)}`
  switch (random.int(14)) {
    case 0:
    case 1:
      cluster.swarm.createService(specOf(`s${random.int(6)}`, inputOf(random)))
      return
    case 2:
    case 3:
      if (names.length > 0) {
        const name = pick(random, names)
        cluster.update(name, (spec) => ({ ...specOf(name, inputOf(random)), Mode: spec["Mode"] }))
      }
      return
    case 4:
    case 5: {
      const replicated = names.filter((name) => "Replicated" in (cluster.service(name).spec["Mode"] as object))
      if (replicated.length > 0) cluster.scale(pick(random, replicated), random.int(10))
      return
    }
    case 6:
      if (names.length > 0) cluster.update(pick(random, names), (spec) => spec, true)
      return
    case 7:
      if (names.length > 0 && random.int(3) === 0) cluster.swarm.removeService(cluster.service(pick(random, names)).id)
      return
    case 8:
      cluster.setNode(node, { Availability: pick(random, ["active", "active", "pause", "drain"]) })
      return
    case 9:
      cluster.setNode(node, { Labels: pick(random, [{}, { zone: "a" }, { zone: "b" }]) })
      return
    case 10:
      cluster.fault({ _tag: pick(random, ["crash", "black-hole", "restart-dockerd"] as const), node })
      return
    case 11:
    case 12:
      cluster.fault({ _tag: "restore", node })
      return
    default:
      cluster.swarm.fault({ _tag: "leader-change" })
  }
}

/** What must hold after every commit. */
const watchInvariants = (cluster: Cluster): { readonly broken: Array<string> } => {
  const broken: Array<string> = []
  const nodeOfTask = new Map<string, string>()
  const versions = new Map<string, number>()
  const { store } = cluster
  store.watch((changes) => {
    for (const { after, before } of changes) {
      if (after === null) continue
      const last = versions.get(after.id) ?? 0
      if (after.version <= last && before !== after && after.version !== store.version)
        broken.push(`version of ${after.kind} ${after.id}: ${last} then ${after.version}`)
      versions.set(after.id, after.version)
      if (after.kind !== "task" || after.nodeId === "") continue
      const chosen = nodeOfTask.get(after.id)
      if (chosen !== undefined && chosen !== after.nodeId) broken.push(`task ${after.id} was placed twice`)
      nodeOfTask.set(after.id, after.nodeId)
      if (before?.kind !== "task") continue
      if (stateRanks[after.state] < stateRanks[before.state])
        broken.push(`task ${after.id} went back to ${after.state}`)
      if (stateRanks[after.desired] < stateRanks[before.desired])
        broken.push(`task ${after.id} is wanted ${after.desired} after ${before.desired}`)
    }
  })
  return { broken }
}

const holds = ({ state }: TaskRecord): boolean =>
  stateRanks[state] >= stateRanks.assigned && stateRanks[state] <= stateRanks.running

const checkReservations = (cluster: Cluster, broken: Array<string>): void => {
  for (const { id } of cluster.store.nodes.values()) {
    const held = cluster.store.tasksOnNode(id).filter(holds)
    const reserved = held.reduce((sum, { template }) => sum + template.service.reservations.memoryBytes, 0)
    if (reserved > memoryMiB * 2 ** 20) broken.push(`node ${id} has ${reserved} bytes reserved`)
    const ports = held.flatMap(({ template }) => template.hostPorts.map((port) => port["PublishedPort"]))
    if (new Set(ports).size < ports.length) broken.push(`node ${id} has a host port taken twice`)
  }
}

/** The scheduler's own count of each node against one made from the store. */
const checkLoads = (cluster: Cluster, broken: Array<string>): void => {
  const loads = cluster.swarm.internals.managers.scheduler?.loads ?? new Map()
  for (const [id, load] of loads) {
    const held = cluster.store.tasksOnNode(id).filter(holds)
    const active = held.filter(({ desired }) => stateRanks[desired] <= stateRanks.complete).length
    if (load.activeTasks !== active) broken.push(`node ${id} counts ${load.activeTasks} active tasks, has ${active}`)
  }
}

/** After everything is well again, every replica that can be placed is, and those that cannot say why. */
const checkConverged = (cluster: Cluster, broken: Array<string>): void => {
  const loads = cluster.swarm.internals.managers.scheduler?.loads ?? new Map()
  for (const service of cluster.store.services.values()) {
    const mode = service.spec["Mode"] as { readonly Replicated?: { readonly Replicas: number } }
    if (mode.Replicated === undefined || service.updateStatus?.state === "paused") continue
    if (service.updateStatus?.state === "updating" || service.updateStatus?.state === "rollback_paused") continue
    const restart = (service.spec["TaskTemplate"] as { readonly RestartPolicy?: { readonly Condition: string } })
      .RestartPolicy
    if (restart !== undefined) continue
    const name = String(service.spec["Name"])
    const wanted = cluster.tasks(name).filter(({ desired }) => stateRanks[desired] <= stateRanks.running)
    if (wanted.length !== mode.Replicated.Replicas)
      broken.push(`${name} has ${wanted.length} wanted tasks of ${mode.Replicated.Replicas}`)
    const refusalOf = firstRefusal(serviceOf(service))
    // Waiting tasks of an older version are forgotten by SwarmKit's scheduler; those of the last seconds may yet be placed.
    const settled = wanted.filter(
      ({ state, stateMillis, template }) =>
        state === "pending" &&
        template.specVersion === service.specVersion &&
        stateMillis < cluster.swarm.nowMillis() - 5 * seconds
    )
    for (const task of settled) {
      if (task.error === "") broken.push(`${name}.${task.slot} waits without a reason`)
      if (
        loads
          .values()
          .some(
            (load) =>
              refusalOf({ ...load, node: nodeOf(cluster.store.nodes.get(load.node.id) ?? expect.fail()) }) === null
          )
      )
        broken.push(`${name}.${task.slot} waits though a node could take it`)
    }
  }
}

const run = (seed: number, steps: number): { readonly broken: ReadonlyArray<string>; readonly trace: string } => {
  const random = new SeededRandom(seed)
  const zone = (i: number) => ({ memoryBytes: memoryMiB * 2 ** 20, labels: { zone: i % 2 === 0 ? "a" : "b" } })
  const cluster = new Cluster({ seed, nodes: Array.from({ length: nodes }, (_, i) => zone(i)), managers: 3 })
  const { broken } = watchInvariants(cluster)
  const trace: Array<string> = []
  cluster.store.watch((changes) => {
    for (const { after } of changes)
      if (after?.kind === "task") trace.push(`${cluster.swarm.nowMillis()} ${after.id} ${after.nodeId} ${after.state}`)
  })
  for (let step = 0; step < steps; step++) {
    if (cluster.swarm.leader() !== null) act(cluster, random)
    else cluster.fault({ _tag: "restore", node: `n${1 + random.int(nodes)}` })
    cluster.run(random.between(10, 15 * seconds))
    checkReservations(cluster, broken)
    checkLoads(cluster, broken)
  }
  for (let i = 1; i <= nodes; i++) cluster.fault({ _tag: "restore", node: `n${i}` })
  cluster.run(60 * seconds)
  for (let i = 1; i <= nodes; i++) cluster.setNode(`n${i}`, { Availability: "active" })
  cluster.run(1800 * seconds)
  checkConverged(cluster, broken)
  return { broken, trace: trace.join("\n") }
}

describe("whatever is asked of it and whatever fails", () => {
  it.each(Array.from({ length: 12 }, (_, i) => i + 1))(
    "tasks are placed once, states go forward, reservations hold, replicas come back (seed %i)",
    (seed) => expect(run(seed, 150).broken).toEqual([])
  )

  it("equal seeds give equal histories", () => {
    expect(run(99, 60).trace).toBe(run(99, 60).trace)
  })
})
