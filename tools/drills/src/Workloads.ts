/** The clusters and services that drills share. Values only. */
import type { DrillNode, DrillService } from "./Drill.ts"

/**
 * All in one region, all but n3 with an SSD. Between several values of a preference Swarm's choice is chance wherever a value has
 * its even share already (swarmkit `manager/scheduler/scheduler.go:scheduleNTasksOnSubtree` walks a map), so that the planner moves
 * nothing and the bound by which drills judge is out of reach.
 */
export const fiveNodes: ReadonlyArray<DrillNode> = [
  { name: "n1", labels: { region: "north", disk: "ssd" } },
  { name: "n2", labels: { region: "north", disk: "ssd" } },
  { name: "n3", labels: { region: "north", disk: "hdd" } },
  { name: "n4", labels: { region: "north", disk: "ssd" } },
  { name: "n5", labels: { region: "north", disk: "ssd" } }
]

/** Services of 2, 3, 7 and 10 replicas with a host port, a constraint, a preference, and MaxReplicas with reservations. */
export const mixed: ReadonlyArray<DrillService> = [
  { name: "pair", replicas: 2, hostPort: 18_080 },
  { name: "trio", replicas: 3, constraints: ["node.labels.disk==ssd"], eligible: ["n1", "n2", "n4", "n5"] },
  { name: "seven", replicas: 7, spreadOver: "region" },
  { name: "ten", replicas: 10, maxPerNode: 4, cpus: 0.05 }
]

/**
 * For drills in whose middle a user writes: without the service of seven, whose ties let Swarm's choice of the task to stop decide
 * how many moves there are.
 */
export const withoutTies: ReadonlyArray<DrillService> = mixed.filter(({ name }) => name !== "seven")

/** Three managers that carry no workload, and three workers that do: a leader is lost without a task of it. */
export const managersApart: ReadonlyArray<DrillNode> = ["n1", "n2", "n3", "n4", "n5", "n6"].map((name) => ({ name }))

const onWorkers = { constraints: ["node.role==worker"], eligible: ["n4", "n5", "n6"] }

/** For them: a service to move by surge, and a group to move by pins. */
export const onWorkersOnly: ReadonlyArray<DrillService> = [
  { name: "six", replicas: 6, ...onWorkers },
  ...["one", "two", "three"].map((name) => ({ name, replicas: 1, group: "solo", ...onWorkers }))
]

/** Beside the services of several tasks, a group of five of one. */
export const withGroup: ReadonlyArray<DrillService> = [
  ...mixed,
  ...["one", "two", "three", "four", "five"].map((name) => ({ name, replicas: 1, group: "solo" }))
]
