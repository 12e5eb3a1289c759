/** When a service is removed, its tasks are wanted gone (swarmkit `manager/orchestrator/service.go:SetServiceTasksRemove`). */
import { type Machine, type Scope, Wake } from "./Machine.ts"
import type { Restarts } from "./Restarts.ts"
import { isBeyond } from "./TaskStates.ts"

export const watchRemovals = (machine: Machine, scope: Scope, restarts: ReadonlyArray<Restarts>): void => {
  const { store } = machine
  const removed = new Set<string>()
  const wake = new Wake(scope, machine.timings.reaction, () => {
    const ids = [...removed]
    removed.clear()
    for (const id of ids) {
      for (const each of restarts) each.history.forget(id)
      store.update((transaction) => {
        for (const task of store.tasksOfService(id))
          if (!isBeyond(task.desired, "remove")) transaction.put({ ...task, desired: "remove" })
      })
    }
  })
  // A leader that starts without the service removes its tasks from the store at once (`taskinit.CheckTasks`).
  const orphans = [...store.tasks.values()].filter(({ serviceId }) => !store.services.has(serviceId))
  if (orphans.length > 0)
    store.update((transaction) => {
      for (const task of orphans) transaction.remove(task)
    })
  scope.watch(store, (changes) => {
    for (const { after, before } of changes)
      if (after === null && before?.kind === "service") {
        removed.add(before.id)
        wake.request()
      }
  })
}
