/**
 * What the demo's tasks run, by their image: a VVM in this process, a real router or rebalancer as a process, or Swarm's own
 * way of leading requests to tasks. Decides how a VVM finds the router of its node.
 */
import { createServer } from "node:net"
import { join } from "node:path"
import type { RunningWorkload, Workload, WorkloadStart } from "@evenkeel/swarm-sim/runtime/Workload"
import * as ProcessWorkload from "./ProcessWorkload.ts"
import { rebalancerAddress, rebalancerPort, type SimEntry, type SimSite, socketOf, tableFile } from "./SimSite.ts"
import * as SwarmMesh from "./SwarmMesh.ts"
import { type Backend, running as runningTasks } from "./Tasks.ts"
import { type Place, rebalancerEnv, routerEnv } from "./TaskSettings.ts"

const taskPort = 8080
const routerAdminPort = 9080
const routerHeartbeatPort = 9081
const rebalancerAdminPort = 7071

/** TCP ports that tasks with addresses of their own listen on. */
export const fixedPorts: ReadonlyArray<number> = [taskPort, routerAdminPort, rebalancerPort, rebalancerAdminPort]

/** What `dist/apps/vvm/vvm.mjs` exports. */
export type StartVvm = (options: {
  readonly identity: { readonly service: string; readonly task: string; readonly node: string; readonly slot: string }
  readonly host: string
  readonly port: number
  readonly routerUrl: URL
  readonly drainDeadlineMs: number
}) => Promise<{ readonly port: number; readonly close: () => Promise<void> }>

export interface Parts {
  readonly site: SimSite
  /** Whether each task has an address of its own. */
  readonly hasRange: boolean
  readonly startVvm: StartVvm
  /** Told where each router takes requests. */
  readonly onEntry: (entry: SimEntry) => void
}

export interface DemoWorkload {
  readonly workload: Workload
  /** VVMs that were started, by task id. */
  readonly started: ReadonlyMap<string, Backend>
}

/** `evenkeel/router:latest` is `router`. */
const programOf = ({ task }: WorkloadStart): string => {
  const container = task.spec["ContainerSpec"]
  const image = typeof container === "object" && container !== null && "Image" in container ? container.Image : ""
  return /([^/:@]+)(?:[:@][^/]*)?$/.exec(String(image))?.[1] ?? ""
}

/** Variables of this process that programs need to run at all. */
const surroundings: Readonly<Record<string, string>> = Object.fromEntries(
  ["PATH", "HOME", "TMPDIR", "LANG"].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value]]
  })
)

/** One that nobody listens on now. */
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once("error", reject)
    server.listen({ host: "127.0.0.1", port: 0 }, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

export const make = ({ hasRange, onEntry, site, startVvm }: Parts): DemoWorkload => {
  const started = new Map<string, Backend>()
  /** Each node's router; a VVM reads it at every call. */
  const routerUrls = new Map<string, URL>()
  const routerUrlOf = (hostname: string): URL => {
    const known = routerUrls.get(hostname)
    if (known !== undefined) return known
    // Nobody listens there until the node's router runs.
    const fresh = new URL("http://127.0.0.1:9")
    routerUrls.set(hostname, fresh)
    return fresh
  }

  const vvm = async ({ address, env, port, task }: WorkloadStart): Promise<RunningWorkload> => {
    const service = env["EVENKEEL_SERVICE"] ?? task.serviceName
    const server = await startVvm({
      identity: { service, task: task.taskId, node: task.hostname, slot: String(task.slot) },
      host: address,
      port,
      routerUrl: routerUrlOf(task.hostname),
      drainDeadlineMs: 8_000 / site.speed
    })
    const shortName = service.slice(service.indexOf("_") + 1)
    started.set(task.taskId, {
      service: shortName,
      group: /^vvm\d+$/.test(shortName) ? "vvm" : null,
      node: task.hostname,
      address,
      port: server.port,
      isDraining: false
    })
    const forget = () => started.delete(task.taskId)
    return {
      port: server.port,
      close: () => server.close().finally(forget),
      destroy: () => {
        forget()
        void server.close()
        void server.close()
      }
    }
  }

  const routerProgram = async ({ address, env, port, task }: WorkloadStart): Promise<RunningWorkload> => {
    const place: Place = hasRange
      ? { address, port, adminPort: routerAdminPort, heartbeatPort: routerHeartbeatPort }
      : { address, port: await freePort(), adminPort: await freePort(), heartbeatPort: 0 }
    return ProcessWorkload.run({
      name: `the router of ${task.hostname}`,
      main: join(site.apps, "router", "main.mjs"),
      args: hasRange ? [] : ["--table", tableFile(site.folder)],
      logFile: join(site.folder, `${task.hostname}-router.log`),
      env: { ...surroundings, ...routerEnv(env, site, place) },
      readyUrl: `http://${address}:${place.adminPort}/readyz`,
      port: place.port
    })
  }

  const rebalancerProgram = async ({ env, task }: WorkloadStart): Promise<RunningWorkload> => {
    const place: Place = hasRange
      ? {
          address: rebalancerAddress(task.hostname),
          port: rebalancerPort,
          adminPort: rebalancerAdminPort,
          heartbeatPort: 0
        }
      : { address: "127.0.0.1", port: await freePort(), adminPort: await freePort(), heartbeatPort: 0 }
    return ProcessWorkload.run({
      name: `the rebalancer of ${task.hostname}`,
      main: join(site.apps, "rebalancer", "main.mjs"),
      args: [],
      logFile: join(site.folder, `${task.hostname}-rebalancer.log`),
      env: { ...surroundings, ...rebalancerEnv(env, site, task.hostname, place) },
      readyUrl: `http://${place.address}:${place.adminPort}/readyz`,
      port: place.port
    })
  }

  const mesh = ({ address, port, task }: WorkloadStart): Promise<RunningWorkload> =>
    SwarmMesh.start({
      address,
      port,
      gossipMs: 1_000 / site.speed,
      backends: () => runningTasks(socketOf(site.folder, task.hostname), started)
    })

  const router = async (start: WorkloadStart): Promise<RunningWorkload> => {
    const running = await (site.routing === "routers" ? routerProgram(start) : mesh(start))
    const url = routerUrlOf(start.task.hostname)
    url.hostname = start.address
    url.port = String(running.port)
    onEntry({ task: start.task.taskId, url: `http://${start.address}:${running.port}` })
    return running
  }

  return {
    started,
    workload: (start) => {
      const name = programOf(start)
      switch (name) {
        case "vvm":
          return vvm(start)
        case "router":
          return router(start)
        case "rebalancer":
          return rebalancerProgram(start)
        default:
          return Promise.reject(new Error(`the demo has no program for an image named "${name}"`))
      }
    }
  }
}
