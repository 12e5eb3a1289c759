/**
 * What a Swarm of a bench runs: services of 1 to 100 replicas on four overlay networks that are large enough, each routable. Made
 * by the Engine API.
 */
import type { EmbeddedSwarm } from "./EmbeddedSwarm.ts"

/** Replicas of one service after the other; 24 on average. */
const replicas = [1, 2, 3, 5, 10, 20, 50, 100]
const networks = 4

/** The replicas of each service, so that they add up to `tasks`. */
export const replicasFor = (tasks: number): ReadonlyArray<number> => {
  const sizes: Array<number> = []
  for (let left = tasks, i = 0; left > 0; i++) {
    const size = Math.min(left, replicas[i % replicas.length] ?? 1)
    sizes.push(size)
    left -= size
  }
  return sizes
}

export const nameOf = (index: number): string => `app${index}`

export const specOf = (index: number, size: number, network: string) => ({
  Name: nameOf(index),
  Labels: { "com.docker.stack.namespace": "bench", "evenkeel.port": "8080", "evenkeel.host": `${nameOf(index)}.test` },
  TaskTemplate: {
    ContainerSpec: {
      Image: `registry.example/app${index}:1.2.3`,
      Env: ["MODE=production", `INDEX=${index}`, "TASK={{.Task.Name}}"],
      StopGracePeriod: 10_000_000_000
    },
    RestartPolicy: { Condition: "any", Delay: 5_000_000_000, MaxAttempts: 0 },
    Placement: {},
    Networks: [{ Target: network }]
  },
  Mode: { Replicated: { Replicas: size } },
  UpdateConfig: { Parallelism: 1, Order: "start-first" }
})

export interface Filled {
  readonly id: string
  readonly replicas: number
}

/** Makes networks and services; returns the services in the order of their names' numbers. */
export const fill = async (swarm: EmbeddedSwarm, tasks: number): Promise<ReadonlyArray<Filled>> => {
  const ids: Array<string> = []
  for (let i = 0; i < networks; i++) {
    const IPAM = { Config: [{ Subnet: `10.${(i + 1) * 16}.0.0/12` }] }
    const { Id } = (await swarm.json("POST", "/networks/create", { Name: `bench${i}`, Driver: "overlay", IPAM })) as {
      readonly Id: string
    }
    ids.push(Id)
  }
  const filled: Array<Filled> = []
  for (const [index, size] of replicasFor(tasks).entries()) {
    const spec = specOf(index, size, ids[index % networks] ?? "")
    const { ID } = (await swarm.json("POST", "/services/create", spec)) as { readonly ID: string }
    filled.push({ id: ID, replicas: size })
  }
  return filled
}

interface Status {
  readonly ServiceStatus: { readonly RunningTasks: number; readonly DesiredTasks: number }
}

/** Tasks that run, of all services together, as the engine counts them. */
export const running = async (swarm: EmbeddedSwarm): Promise<number> => {
  const services = (await swarm.json("GET", "/services?status=true")) as ReadonlyArray<Status>
  return services.reduce((sum, { ServiceStatus }) => sum + ServiceStatus.RunningTasks, 0)
}
