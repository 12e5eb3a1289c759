/** What a rolling update writes into its service: `UpdateStatus`, and the previous spec on a rollback. The words are SwarmKit's. */
import type { Machine } from "./Machine.ts"
import type { ServiceRecord } from "./Records.ts"

/** Writes only while the service exists and still has an update status: without one it was changed meanwhile. */
const write = (
  { store }: Machine,
  serviceId: string,
  change: (service: ServiceRecord, status: NonNullable<ServiceRecord["updateStatus"]>) => ServiceRecord
): void => {
  const service = store.services.get(serviceId)
  const status = service?.updateStatus
  if (service === undefined || status === null || status === undefined) return
  store.update((transaction) => transaction.put(change(service, status)))
}

export const start = ({ agenda, store }: Machine, serviceId: string): void => {
  const service = store.services.get(serviceId)
  if (service === undefined || service.updateStatus !== null) return
  store.update((transaction) =>
    transaction.put({
      ...service,
      updateStatus: {
        state: "updating",
        message: "update in progress",
        startedMillis: agenda.nowMillis,
        completedMillis: null
      }
    })
  )
}

export const pause = (machine: Machine, serviceId: string, message: string): void =>
  write(machine, serviceId, (service, status) => ({
    ...service,
    updateStatus: {
      ...status,
      state: status.state === "rollback_started" ? "rollback_paused" : "paused",
      message
    }
  }))

/** Brings the previous spec back; without one nothing happens, as in SwarmKit, and the update stays as it is. */
export const rollBack = (machine: Machine, serviceId: string, message: string): void => {
  if (machine.store.services.get(serviceId)?.previousSpec === null) return
  write(machine, serviceId, (service, status) => ({
    ...service,
    updateStatus: { ...status, state: "rollback_started", message },
    spec: service.previousSpec ?? service.spec,
    specVersion: service.previousSpecVersion,
    previousSpec: null,
    previousSpecVersion: 0
  }))
}

export const complete = (machine: Machine, serviceId: string): void =>
  write(machine, serviceId, (service, status) => ({
    ...service,
    updateStatus: {
      ...status,
      ...(status.state === "rollback_started"
        ? { state: "rollback_completed", message: "rollback completed" }
        : { state: "completed", message: "update completed" }),
      completedMillis: machine.agenda.nowMillis
    }
  }))
