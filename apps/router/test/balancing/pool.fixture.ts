/** Endpoints and targets without sockets, for what is decided about them. */
import type { LoadBalancing } from "@evenkeel/domain/LoadBalancing"
import { hashOf } from "../../src/balancing/Hashing.ts"
import { policyOf } from "../../src/balancing/Policy.ts"
import { Endpoint, type ServiceSettings } from "../../src/proxy/Endpoint.ts"
import { NodeHealth } from "../../src/proxy/NodeHealth.ts"
import { Target } from "../../src/proxy/Target.ts"

export const settings: ServiceSettings = {
  id: "s",
  name: "s",
  scheme: "http",
  verifyName: null,
  retries: 2,
  connectMillis: 1,
  firstByteMillis: 1,
  idleMillis: 1,
  health: null,
  hedgeAfter: null
}

/** Endpoints `t0`, `t1` … of a service, each on a node of its own (`n0` …) unless `nodeOf` says otherwise. */
export const endpoints = (count: number, nodeOf: (i: number) => string = (i) => `n${i}`): ReadonlyArray<Endpoint> => {
  const nodes = new Map<string, NodeHealth>()
  const all = Array.from({ length: count }, (_, i) => {
    const id = nodeOf(i)
    const node = nodes.get(id) ?? new NodeHealth(id)
    nodes.set(id, node)
    const seed = hashOf(`s ${i + 1}`)
    const address = "127.0.0.1"
    return new Endpoint({ task: `t${i}`, node, address, port: 1, local: id === "own", seed, service: settings })
  })
  for (const endpoint of all) endpoint.siblings = all
  return all
}

export const targetOf = (ready: ReadonlyArray<Endpoint>, label: LoadBalancing = "ewma"): Target => {
  const target = new Target("s")
  target.policy = policyOf(label)
  target.ready = ready
  target.local = ready.filter(({ local }) => local)
  target.all = ready
  return target
}

/** How often each key occurs. */
export const counted = (keys: Iterable<string>): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1
  return counts
}
