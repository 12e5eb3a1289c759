/**
 * A drill as a value: a cluster, services, steps, and what is promised of each phase. Nothing here runs; `Runner` does, on either
 * target. Times are seconds of the Swarm: a target that runs its Swarm faster divides them.
 */

export interface DrillNode {
  /** `n1`, `n2`, …: managers come first. */
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  /** It is no member of the Swarm until the step `join`. */
  readonly joinsLater?: boolean
}

export interface DrillService {
  readonly name: string
  readonly replicas: number
  /** Services of a group are spread together. */
  readonly group?: string
  readonly constraints?: ReadonlyArray<string>
  /** Hostnames that the constraints allow, as the drill's author reads them; default: all. */
  readonly eligible?: ReadonlyArray<string>
  /** `MaxReplicas` of the placement. */
  readonly maxPerNode?: number
  /** A published port in host mode: one task on each node. */
  readonly hostPort?: number
  /** The node label of a placement preference. */
  readonly spreadOver?: string
  /** Part of a CPU that each task reserves. */
  readonly cpus?: number
  /** Its image is there except on nodes that `break` names. Default: it is there everywhere. */
  readonly isFragile?: boolean
}

/** A hostname; `leader`: the manager that leads now; `lost leader`: the one that was lost as `leader`. */
export type NodeRef = string

export type Condition =
  /** Every service has just the tasks that were asked for, and they serve. */
  | { readonly _tag: "whole" }
  /** Whole, as even as can be, and no trace of a move in any spec. */
  | { readonly _tag: "balanced" }
  | { readonly _tag: "node"; readonly node: NodeRef; readonly is: "ready" | "down" }
  /** The service is being moved: since a moment ago, or so far that the new task serves beside those asked for. */
  | { readonly _tag: "moving"; readonly service: string; readonly point: "begun" | "surplus" }
  /** The operator is told that a move is held or was undone. */
  | { readonly _tag: "told" }

/**
 * What is promised of a phase. `swarm`: Swarm's own doing, nothing; `moves`: it ends balanced, by the fewest moves; `still`:
 * nothing is started or written; `guarded`: moves may fail, but no task of a fragile service that serves ends for it;
 * `recovered`: it ends balanced, and just as many tasks that served ended as the fewest moves are, whatever was tried in vain.
 */
export type Promised = "swarm" | "moves" | "still" | "guarded" | "recovered"

export type Step =
  | {
      readonly _tag: "phase"
      readonly name: string
      readonly promised: Promised
      /** Services that a user deploys in it: their tasks are replaced by the rollout. */
      readonly deployed?: ReadonlyArray<string>
    }
  | { readonly _tag: "fault"; readonly fault: "crash" | "black-hole" | "restore"; readonly node: NodeRef }
  | { readonly _tag: "join"; readonly node: string }
  | { readonly _tag: "availability"; readonly node: string; readonly availability: "active" | "drain" }
  | { readonly _tag: "kill-rebalancer" }
  /** The user changes a variable of the service's environment; or, with `rollback`, takes the last change back. */
  | { readonly _tag: "deploy"; readonly service: string }
  | { readonly _tag: "rollback"; readonly service: string }
  /** The image of fragile services cannot be had on the node, or can again. */
  | { readonly _tag: "image"; readonly node: string; readonly isThere: boolean }
  | { readonly _tag: "await"; readonly until: Condition; readonly within?: number }
  | { readonly _tag: "pass"; readonly seconds: number }

export interface Drill {
  readonly name: string
  /** One line for people. */
  readonly about: string
  readonly nodes: ReadonlyArray<DrillNode>
  readonly managers: number
  readonly services: ReadonlyArray<DrillService>
  /** Brakes that differ from those of `Windows`. */
  readonly brakes?: Partial<Brakes>
  /** Begins with all services whole; the first phase is `swarm`. */
  readonly steps: ReadonlyArray<Step>
}

/** Windows of the rebalancer, in seconds of the Swarm. */
export interface Brakes {
  readonly stabilisation: number
  readonly quarantineFlaps: number
  readonly quarantine: number
}

export const defaultBrakes: Brakes = { stabilisation: 10, quarantineFlaps: 1000, quarantine: 300 }

/** How long a condition is waited for, in seconds of the Swarm. */
export const defaultPatience = 400
