/**
 * What an operator should mend, each with what to try: of the cluster, its nodes, its services, and of what could not be read.
 * Says nothing about unevenness; that is what plans are for.
 */
import * as Balance from "@evenkeel/domain/Balance"
import * as MoveJournal from "@evenkeel/domain/MoveJournal"
import * as MoveProgress from "@evenkeel/domain/MoveProgress"
import type { Node } from "@evenkeel/domain/Node"
import * as Routes from "@evenkeel/domain/Routes"
import type { Service } from "@evenkeel/domain/Service"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import type { Task } from "@evenkeel/domain/Task"

export interface Problem {
  /** `swarm`, `node n1`, `service p2p_vvm1`. */
  readonly subject: string
  readonly problem: string
  /** Empty where the problem says it all. */
  readonly cure: string
}

/** In this order: the cluster, nodes, services, what could not be read. */
export const of = (
  snapshot: Snapshot,
  unreadable: ReadonlyArray<{ readonly message: string }>,
  nowMillis: number
): ReadonlyArray<Problem> => [
  ...ofCluster(snapshot),
  ...snapshot.nodes.flatMap((node) => ofNode(snapshot, node)),
  ...snapshot.services.flatMap((service) => [
    ...ofTasks(snapshot, service),
    ...ofUpdate(service),
    ...ofMove(service, nowMillis)
  ]),
  ...Routes.fromSnapshot(snapshot).problems.map(({ name, problem }) => ({
    subject: `service ${name}`,
    problem,
    cure: "mend the labels in its stack file and deploy it again"
  })),
  ...unreadable.map(({ message }) => ({ subject: "swarm", problem: message, cure: "" }))
]

const ofCluster = (snapshot: Snapshot): ReadonlyArray<Problem> => {
  if (!snapshot.hasQuorum)
    return [
      {
        subject: "swarm",
        problem: "half of the managers or more are unreachable: nothing can be changed",
        cure: "bring back managers until more than half are reachable"
      }
    ]
  if (snapshot.leader !== undefined) return []
  return [{ subject: "swarm", problem: "no manager leads", cure: "wait for the election, it takes seconds" }]
}

const ofNode = (snapshot: Snapshot, node: Node): ReadonlyArray<Problem> => {
  const subject = `node ${node.hostname}`
  const problems: Array<Problem> = []
  if (node.state !== "ready")
    problems.push({ subject, problem: `is ${node.state}`, cure: "look at its machine, its dockerd and its network" })
  else if (node.manager !== null && node.manager.reachability !== "reachable")
    problems.push({
      subject,
      problem: `as a manager is ${node.manager.reachability}`,
      cure: "look at port 2377 between managers"
    })
  const namesakes = snapshot.nodes.filter(({ hostname }) => hostname === node.hostname)
  if (namesakes.length > 1 && namesakes[0] === node)
    problems.push({
      subject,
      problem: `${namesakes.length} nodes have this hostname`,
      cure: 'remove those that are gone for good: "docker node rm"'
    })
  return problems
}

const ofTasks = (snapshot: Snapshot, service: Service): ReadonlyArray<Problem> => {
  if (service.mode.kind !== "replicated" && service.mode.kind !== "global") return []
  const tasks = snapshot.tasksOfService(service.id)
  const serving = tasks.filter((task) => task.isServing && !isOnLostNode(snapshot, task)).length
  const asked = service.replicas ?? tasks.filter(Balance.isPlaced).length
  if (serving >= asked) return []
  const error = newest(tasks.filter((task) => task.error !== ""))?.error
  return [
    {
      subject: `service ${service.name}`,
      problem: `${serving} of ${asked} tasks serve${error === undefined ? "" : `; last error: ${error}`}`,
      cure: `docker service ps --no-trunc ${service.name}`
    }
  ]
}

const isOnLostNode = (snapshot: Snapshot, { node }: Task): boolean =>
  node !== null && snapshot.node(node)?.state === "down"

const newest = (tasks: ReadonlyArray<Task>): Task | undefined =>
  tasks.toSorted((a, b) => (a.stateSince < b.stateSince ? 1 : -1))[0]

const ofUpdate = (service: Service): ReadonlyArray<Problem> =>
  service.updateState === "paused" || service.updateState === "rollback_paused"
    ? [
        {
          subject: `service ${service.name}`,
          problem: `its ${service.updateState === "paused" ? "update" : "rollback"} is paused: it is not moved`,
          cure: "deploy a spec that works, or docker service rollback"
        }
      ]
    : []

const ofMove = (service: Service, nowMillis: number): ReadonlyArray<Problem> => {
  if (!MoveProgress.isTouched(service)) return []
  const subject = `service ${service.name}`
  const cure = "a rebalancer in mode act clears it; evenkeel apply does too"
  const reading = MoveJournal.read(service.labels)
  if (reading._tag !== "Found") return [{ subject, problem: "holds the remains of a move", cure }]
  const overdueMillis = nowMillis - reading.journal.deadlineMillis
  if (overdueMillis <= 0) return []
  return [{ subject, problem: `its move is ${Math.round(overdueMillis / 1_000)} s past its deadline`, cure }]
}
