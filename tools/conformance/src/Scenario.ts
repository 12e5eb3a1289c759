/**
 * A scenario: what an operator and bad luck do to a Swarm, step by step, each followed by what to wait for. A value without
 * functions, so that it can be printed, generated and run on any target.
 */
import type { EngineObject } from "./EngineValue.ts"

export type NodeFault = "crash" | "black-hole" | "restore" | "restart-dockerd"

/** What ends a step. Times are limits, never part of a comparison. */
export interface Until {
  /** Swarm's state of these nodes, by hostname. */
  readonly nodes?: Readonly<Record<string, "ready" | "down">>
  /** `new`: another manager leads than when the step began. `none`: no manager can be asked. */
  readonly leader?: "new" | "none"
  /** `UpdateStatus.State` of these services; "none" while there is none. */
  readonly updates?: Readonly<Record<string, string>>
  /** At least this many tasks of a service in this state and with this desired state, as far as they are given. */
  readonly tasks?: ReadonlyArray<{
    readonly service: string
    readonly state?: string
    readonly desired?: string
    readonly count: number
  }>
  /** `false`: tasks need not rest (some wait long for their restart); that nothing changes for a while is enough. */
  readonly settled?: boolean
  /** Default 90. */
  readonly withinSeconds?: number
}

/**
 * What a step does. A node is named by its hostname or by its part: `{leader}` leads when the step begins, `{follower}` is the
 * first of the other managers that live, `{other}` the second, `{lost}` was taken away
 * or made a worker last.
 */
export type Action =
  | { readonly do: "create"; readonly spec: EngineObject }
  /** Reads the spec as `GET /services/{name}` gives it, merges the patch (RFC 7396) and posts it back. */
  | {
      readonly do: "update"
      readonly service: string
      readonly patch: EngineObject
      /** `stale` posts an old version, `none` leaves the version out. */
      readonly version?: "stale" | "none"
      /** Posts back what `insertDefaults=true` gave. */
      readonly insertDefaults?: boolean
    }
  | { readonly do: "rollback"; readonly service: string }
  | { readonly do: "remove"; readonly service: string }
  | { readonly do: "node"; readonly node: string; readonly patch: EngineObject; readonly version?: "stale" }
  | { readonly do: "fault"; readonly fault: NodeFault; readonly node: string }
  /** Any request. `{service:web}`, `{task:web.1#1}`, `{secret:token}` stand for ids, in path and body (of `create` too). */
  | {
      readonly do: "call"
      readonly method: "GET" | "POST" | "DELETE"
      readonly path: string
      readonly body?: EngineObject | string
      /** Whose engine is asked; default the first manager's. */
      readonly node?: string
      /**
       * What of a good answer is compared: its status alone (default), its body, the names of the objects listed, or which
       * fields there are and of what type.
       */
      readonly keep?: "status" | "body" | "names" | "shape"
    }
  /** The docker command line on the first manager; `files` are written to its working directory first. */
  | { readonly do: "docker"; readonly args: ReadonlyArray<string>; readonly files?: Readonly<Record<string, string>> }
  | { readonly do: "wait" }

export type Step = Action & { readonly until?: Until }

export interface Scenario {
  readonly name: string
  /** What it is there to hold. */
  readonly about: string
  /** How many of the three nodes are managers. Default 1. */
  readonly managers?: number
  readonly steps: ReadonlyArray<Step>
}

/** One line for logs and differences. */
export const describe = (step: Step): string => {
  switch (step.do) {
    case "create":
      return `create ${String(step.spec["Name"])}`
    case "update": {
      const how = [step.version, step.insertDefaults === true ? "insertDefaults" : undefined].filter(Boolean).join(" ")
      return `update ${step.service}${how === "" ? "" : ` (${how})`} ${JSON.stringify(step.patch)}`
    }
    case "rollback":
    case "remove":
      return `${step.do} ${step.service}`
    case "node":
      return `node ${step.node} ${JSON.stringify(step.patch)}${step.version === undefined ? "" : ` (${step.version})`}`
    case "fault":
      return `${step.fault} ${step.node}`
    case "call":
      return `${step.method} ${step.path}${step.node === undefined ? "" : ` on ${step.node}`}`
    case "docker":
      return `docker ${step.args.join(" ")}`
    case "wait":
      return `wait ${JSON.stringify(step.until ?? {})}`
  }
}
