/** A drill's service as the Engine API takes it, and the change that its user makes. Pure. */
import type { DrillService } from "./Drill.ts"

export interface Images {
  readonly sound: string
  /** Can be missing on some nodes. */
  readonly fragile: string
}

export const of = (service: DrillService, images: Images): object => ({
  Name: service.name,
  Labels: {
    "drill.service": service.name,
    ...(service.group === undefined ? {} : { "evenkeel.group": service.group })
  },
  TaskTemplate: {
    ContainerSpec: {
      Image: service.isFragile === true ? images.fragile : images.sound,
      Env: ["DRILL_REVISION=1"],
      StopGracePeriod: 5_000_000_000
    },
    Resources: { Reservations: { NanoCPUs: (service.cpus ?? 0) * 1e9 } },
    Placement: {
      Constraints: service.constraints ?? [],
      ...(service.spreadOver === undefined
        ? {}
        : { Preferences: [{ Spread: { SpreadDescriptor: `node.labels.${service.spreadOver}` } }] }),
      ...(service.maxPerNode === undefined ? {} : { MaxReplicas: service.maxPerNode })
    }
  },
  Mode: { Replicated: { Replicas: service.replicas } },
  UpdateConfig: { Parallelism: 1, Order: "start-first", FailureAction: "pause", Monitor: 5_000_000_000 },
  RollbackConfig: { Parallelism: 1, Order: "start-first", FailureAction: "pause", Monitor: 5_000_000_000 },
  EndpointSpec: {
    Mode: "dnsrr",
    ...(service.hostPort === undefined
      ? {}
      : {
          Ports: [{ Protocol: "tcp", TargetPort: 8080, PublishedPort: service.hostPort, PublishMode: "host" }]
        })
  }
})

/** The spec's text with the next revision of the user's variable; all else stays as it is written. */
export const nextRevision = (specText: string): string =>
  specText.replace(/DRILL_REVISION=(\d+)/, (_, revision: string) => `DRILL_REVISION=${Number(revision) + 1}`)
