/** The rebalancer as a service of a real Swarm: the deployed image on every manager, with a drill's windows. Pure. */
import type { Brakes } from "../Drill.ts"

export const serviceName = "drill_rebalancer"

/** Health and metrics, on the address of each manager. */
export const adminPort = 7071

export interface RebalancerServiceOptions {
  readonly image: string
  /** Owns the engine's socket. */
  readonly group: number
  readonly mode: "act" | "observe"
  readonly brakes: Brakes
}

const socket = "/var/run/docker.sock"

export const of = ({ brakes, group, image, mode }: RebalancerServiceOptions): object => ({
  Name: serviceName,
  TaskTemplate: {
    ContainerSpec: {
      Image: image,
      User: `65532:${group}`,
      Mounts: [{ Type: "bind", Source: socket, Target: socket }],
      Env: [
        `EVENKEEL_REBALANCER_MODE=${mode}`,
        `EVENKEEL_REBALANCER_STABILISATION=${brakes.stabilisation}s`,
        "EVENKEEL_REBALANCER_COOL_DOWN=0s",
        `EVENKEEL_REBALANCER_QUARANTINE_FLAPS=${brakes.quarantineFlaps}`,
        `EVENKEEL_REBALANCER_QUARANTINE=${brakes.quarantine}s`
      ]
    },
    Placement: { Constraints: ["node.role==manager"] }
  },
  Mode: { Global: {} },
  EndpointSpec: {
    Mode: "dnsrr",
    Ports: [{ Protocol: "tcp", TargetPort: adminPort, PublishedPort: adminPort, PublishMode: "host" }]
  }
})
