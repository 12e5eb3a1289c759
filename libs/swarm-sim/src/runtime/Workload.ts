/**
 * What a loopback task runs: a server that is started on an address and closed again. Loads one from a module, as a function
 * `startVvm` or `start`; decides how a task's environment becomes the options of a VVM.
 */
import * as path from "node:path"
import { pathToFileURL } from "node:url"
import type { TaskStart } from "../swarm/TaskRuntime.ts"

export interface WorkloadStart {
  readonly task: TaskStart
  /** The task's environment by name. */
  readonly env: Readonly<Record<string, string>>
  /** Where it must listen. */
  readonly address: string
  /** 0 lets it choose. */
  readonly port: number
}

export interface RunningWorkload {
  readonly port: number
  /** Ends it with grace: requests under way are answered. */
  readonly close: () => Promise<void>
  /** Ends it at once. */
  readonly destroy: () => void
  /** Cuts off what runs outside this process, and back; servers of this process are cut off without its help. */
  readonly freeze?: () => void
  readonly thaw?: () => void
  /** Settles with its exit code when it has ended by itself, or was ended. */
  readonly ended?: Promise<number>
}

/** Rejects where the address cannot be bound. */
export type Workload = (start: WorkloadStart) => Promise<RunningWorkload>

interface Vvm {
  readonly port: number
  /** Drains; called again it cuts at once. */
  readonly close: () => Promise<void>
}

type StartVvm = (options: {
  readonly identity: { readonly service: string; readonly task: string; readonly node: string; readonly slot: string }
  readonly host: string
  readonly port: number
  readonly routerUrl?: URL
}) => Promise<Vvm>

/** A VVM told who it is by the variables that its stack gives it, else by the task itself. */
export const vvmWorkload =
  (startVvm: StartVvm): Workload =>
  async ({ address, env, port, task }) => {
    const routerUrl = URL.parse(env["EVENKEEL_ROUTER_URL"] ?? "")
    const vvm = await startVvm({
      identity: {
        service: env["EVENKEEL_SERVICE"] ?? task.serviceName,
        task: env["EVENKEEL_TASK"] ?? task.taskId,
        node: env["EVENKEEL_NODE"] ?? task.hostname,
        slot: env["EVENKEEL_SLOT"] ?? String(task.slot)
      },
      host: address,
      port,
      ...(routerUrl === null ? {} : { routerUrl })
    })
    return {
      port: vvm.port,
      close: vvm.close,
      destroy: () => {
        void vvm.close()
        void vvm.close()
      }
    }
  }

/** Rejects with what is missing. `module` is a path or a package's name. */
export const loadWorkload = async (module: string): Promise<Workload> => {
  const isPath = module.startsWith(".") || path.isAbsolute(module)
  const loaded: Readonly<Record<string, unknown>> = await import(
    isPath ? pathToFileURL(path.resolve(module)).href : module
  )
  if (typeof loaded["startVvm"] === "function") return vvmWorkload(loaded["startVvm"] as StartVvm)
  if (typeof loaded["start"] === "function") return loaded["start"] as Workload
  throw new Error(`${module} exports neither startVvm nor start: name a module that starts a server for a task`)
}
