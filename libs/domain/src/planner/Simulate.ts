/**
 * What a Swarm looks like after a move that went as planned: the old task gone, its successor serving on the target. Used to
 * plan further moves and to check plans; real time, failures and other writers do not occur here.
 */
import { type NodeId, RaftIndex, type TaskId } from "../Ids.ts"
import type { Move } from "../Plan.ts"
import { firstFreeSlot } from "../rules/ScaleDown.ts"
import { Service } from "../Service.ts"
import { Snapshot } from "../Snapshot.ts"
import { Task } from "../Task.ts"

/**
 * The task that takes over from `task`: in the first free slot after a surge, else in the same one, where `tasks` are
 * those of the service before the move. Its id is made up from the old one's.
 */
export const successor = (
  task: Task,
  tasks: Iterable<Task>,
  { strategy, to }: { readonly strategy: Move["strategy"]; readonly to: NodeId }
): Task =>
  new Task(
    {
      ...task,
      id: `${task.id}'` as TaskId,
      node: to,
      slot: strategy === "surge" ? firstFreeSlot(tasks) : task.slot,
      addresses: [],
      containerId: ""
    },
    // Made of a task that was checked when it was read.
    true
  )

/**
 * The snapshot after the move. `arrivedAt` says at which of the move's nodes the successor arrived, `to` by default. A move
 * whose task or service does not exist changes nothing.
 */
export const applyMove = (snapshot: Snapshot, move: Move, arrivedAt: NodeId = move.to): Snapshot => {
  const task = snapshot.task(move.task)
  const service = snapshot.service(move.service)
  if (task === undefined || service === undefined) return snapshot
  const version = RaftIndex.make(snapshot.raftIndex + 1)
  const { strategy } = move
  const added = successor(task, snapshot.tasksOfService(service.id), { strategy, to: arrivedAt })
  return new Snapshot({
    nodes: snapshot.nodes,
    services: snapshot.services.map((each) => (each === service ? new Service({ ...service, version }) : each)),
    tasks: [...snapshot.tasks.filter((each) => each !== task), new Task({ ...added, version })],
    networks: snapshot.networks,
    readBy: snapshot.readBy,
    readAtMillis: snapshot.readAtMillis
  })
}

export const applyAll = (snapshot: Snapshot, moves: ReadonlyArray<Move>): Snapshot =>
  moves.reduce((state, move) => applyMove(state, move), snapshot)
