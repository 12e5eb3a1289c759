/** The drills, in the order in which they run. */
import type { Condition, Drill, Promised, Step } from "./Drill.ts"
import { fiveNodes, managersApart, mixed, onWorkersOnly, withGroup, withoutTies } from "./Workloads.ts"

const phase = (name: string, promised: Promised, deployed: ReadonlyArray<string> = []): Step => ({
  _tag: "phase",
  name,
  promised,
  deployed
})
const until = (condition: Condition): Step => ({ _tag: "await", until: condition })
const whole = until({ _tag: "whole" })
const balanced = until({ _tag: "balanced" })
const isDown = (node: string): Step => until({ _tag: "node", node, is: "down" })
const isReady = (node: string): Step => until({ _tag: "node", node, is: "ready" })
const pass = (seconds: number): Step => ({ _tag: "pass", seconds })
const moving = (service: string, point: "begun" | "surplus"): Step => until({ _tag: "moving", service, point })
const lose = (node: string, fault: "crash" | "black-hole" = "crash"): ReadonlyArray<Step> => [
  { _tag: "fault", fault, node },
  isDown(node),
  whole
]
const restore = (node: string): Step => ({ _tag: "fault", fault: "restore", node })
const availability = (node: string, wanted: "active" | "drain"): Step => ({
  _tag: "availability",
  node,
  availability: wanted
})

/** A node is lost; with its return the phase begins in whose middle something happens. */
const returned = (node: string, name: string, deployed: ReadonlyArray<string> = []): ReadonlyArray<Step> => [
  balanced,
  ...lose(node),
  phase(name, "moves", deployed),
  restore(node),
  isReady(node)
]

const fiveNode = { nodes: fiveNodes, managers: 3, services: mixed }
const apart = { nodes: managersApart, managers: 3, services: onWorkersOnly }

/** One more of the losses that make a node flapping. */
const flap: ReadonlyArray<Step> = [
  restore("n5"),
  isReady("n5"),
  pass(12),
  { _tag: "fault", fault: "black-hole", node: "n5" },
  isDown("n5"),
  pass(12)
]

export const catalogue: ReadonlyArray<Drill> = [
  {
    ...fiveNode,
    name: "five-nodes",
    about: "one of five nodes crashes and comes back; services of 2, 3, 7, 10 and five of 1 with all kinds of rules",
    services: withGroup,
    steps: [...returned("n5", "n5 is back"), balanced]
  },
  {
    ...fiveNode,
    name: "node-added",
    about: "a fifth node joins",
    nodes: fiveNodes.map((node) => (node.name === "n5" ? { ...node, joinsLater: true } : node)),
    steps: [balanced, phase("n5 joins", "moves"), { _tag: "join", node: "n5" }, isReady("n5"), balanced]
  },
  {
    ...fiveNode,
    name: "node-drained",
    about: "a node is drained by Swarm, stays so, and is made active again",
    steps: [
      balanced,
      availability("n5", "drain"),
      whole,
      balanced,
      phase("n5 stays drained", "still"),
      pass(40),
      phase("n5 is active again", "moves"),
      availability("n5", "active"),
      balanced
    ]
  },
  {
    ...fiveNode,
    name: "two-nodes-lost",
    about: "two nodes are lost one after another, and come back one after another",
    steps: [
      balanced,
      ...lose("n4"),
      ...lose("n5"),
      phase("n4 is back", "moves"),
      restore("n4"),
      isReady("n4"),
      balanced,
      phase("n5 is back", "moves"),
      restore("n5"),
      isReady("n5"),
      balanced
    ]
  },
  {
    ...fiveNode,
    name: "flapping-node",
    about: "a node comes and goes: nothing is moved to it before its quarantine is over",
    brakes: { stabilisation: 30, quarantineFlaps: 3, quarantine: 150 },
    steps: [
      balanced,
      ...lose("n5", "black-hole"),
      balanced,
      pass(12),
      phase("n5 flaps", "still"),
      ...flap,
      ...flap,
      restore("n5"),
      isReady("n5"),
      pass(50),
      phase("n5 is calm", "moves"),
      balanced
    ]
  },
  {
    ...apart,
    name: "leader-lost",
    about: "the leading manager is cut off in the middle of a move",
    steps: [
      ...returned("n6", "n6 is back, the leader goes"),
      moving("six", "begun"),
      { _tag: "fault", fault: "black-hole", node: "leader" },
      isDown("lost leader"),
      restore("lost leader"),
      isReady("lost leader"),
      balanced
    ]
  },
  {
    ...apart,
    name: "rebalancer-killed",
    about: "the acting rebalancer is killed (SIGKILL) in the middle of a move",
    steps: [
      ...returned("n6", "n6 is back, the rebalancer is killed"),
      moving("six", "begun"),
      { _tag: "kill-rebalancer" },
      balanced
    ]
  },
  {
    ...fiveNode,
    name: "user-update",
    about: "the user updates a service in the middle of its move",
    services: withoutTies,
    steps: [
      ...returned("n5", "n5 is back, the user deploys", ["ten"]),
      moving("ten", "begun"),
      { _tag: "deploy", service: "ten" },
      balanced
    ]
  },
  {
    ...fiveNode,
    name: "user-rollback",
    about: "the user rolls a service back in the middle of its move",
    services: withoutTies,
    steps: [
      balanced,
      { _tag: "deploy", service: "ten" },
      balanced,
      ...lose("n5"),
      phase("n5 is back, the user rolls back", "moves"),
      restore("n5"),
      isReady("n5"),
      moving("ten", "surplus"),
      { _tag: "rollback", service: "ten" },
      balanced
    ]
  },
  {
    ...fiveNode,
    name: "broken-target",
    about: "the image of a service cannot be had on the node that comes back",
    services: [{ name: "fragile", replicas: 5, isFragile: true }, ...mixed],
    steps: [
      availability("n5", "drain"),
      balanced,
      { _tag: "image", node: "n5", isThere: false },
      phase("n5 is broken", "guarded"),
      availability("n5", "active"),
      until({ _tag: "told" }),
      pass(60),
      whole,
      phase("n5 is mended", "recovered"),
      { _tag: "image", node: "n5", isThere: true },
      { _tag: "await", until: { _tag: "balanced" }, within: 900 }
    ]
  }
]
