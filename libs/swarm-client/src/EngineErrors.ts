/**
 * Everything that can go wrong between this process and a Docker engine, as data: which object, why, and in the message what
 * to try. Decides how an HTTP status and the engine's words become an error; does no I/O.
 */
import * as Schema from "effect/Schema"
import { NodeId, RaftIndex, ServiceId } from "@evenkeel/domain/Ids"

const codeOf = (cause: unknown): string => {
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined
  return typeof code === "string" ? code : "no answer"
}

const cureOf: Record<string, string> = {
  ENOENT: "is dockerd running, and is its socket mounted here?",
  ECONNREFUSED: "is dockerd running and listening there?",
  EACCES: "give this process's user the group of the socket.",
  EPERM: "give this process's user the group of the socket.",
  ENOTFOUND: "does the host name of DOCKER_HOST resolve?",
  ECONNRESET: "dockerd closed the connection: it may be restarting, or expect TLS (DOCKER_TLS_VERIFY)."
}

/** No connection, or one that broke before the answer was complete. An update that ends so may have been done all the same. */
export class EngineUnreachable extends Schema.TaggedError<EngineUnreachable>()("EngineUnreachable", {
  /** As DOCKER_HOST would name it. */
  endpoint: Schema.String,
  cause: Schema.Defect
}) {
  /** The system's word (`ENOENT`, `ECONNREFUSED`, …). */
  get code(): string {
    return codeOf(this.cause)
  }

  override get message(): string {
    const isTls = /CERT|SSL|TLS|SIGNATURE/.test(this.code)
    const fallback = isTls ? "check the files in DOCKER_CERT_PATH." : "check DOCKER_HOST and the network between."
    const cure = cureOf[this.code] ?? fallback
    return `Docker at ${this.endpoint} cannot be reached (${this.code}): ${cure}`
  }
}

/** No complete answer in time. An update that ends so may have been done all the same: read again before deciding. */
export class EngineTimedOut extends Schema.TaggedError<EngineTimedOut>()("EngineTimedOut", {
  endpoint: Schema.String,
  operation: Schema.String,
  timeoutMillis: Schema.Number
}) {
  override get message(): string {
    return `Docker at ${this.endpoint} did not answer "${this.operation}" within ${this.timeoutMillis} ms: the engine or its Swarm's leader may be overloaded or cut off; the call may be repeated.`
  }
}

/** Status 503: the engine is a worker, has left the Swarm or never joined one. */
export class NotAManager extends Schema.TaggedError<NotAManager>()("NotAManager", { endpoint: Schema.String }) {
  override get message(): string {
    return `Docker at ${this.endpoint} is not a Swarm manager: point DOCKER_HOST at a manager or promote this node ("docker node promote").`
  }
}

/** More than half of the managers are missing, or an election is under way. */
export class SwarmHasNoLeader extends Schema.TaggedError<SwarmHasNoLeader>()("SwarmHasNoLeader", {
  endpoint: Schema.String
}) {
  override get message(): string {
    return `The Swarm of ${this.endpoint} has no leader: an election takes seconds; if it lasts, bring back more than half of the managers.`
  }
}

export class ServiceNotFound extends Schema.TaggedError<ServiceNotFound>()("ServiceNotFound", {
  /** The id or name that was asked for. */
  service: Schema.String
}) {
  override get message(): string {
    return `There is no service ${this.service} in this Swarm: "docker service ls" names those there are.`
  }
}

export class NodeNotFound extends Schema.TaggedError<NodeNotFound>()("NodeNotFound", { node: Schema.String }) {
  override get message(): string {
    return `There is no node ${this.node} in this Swarm: "docker node ls" names those there are.`
  }
}

/** Somebody else, the Swarm's own updater included, wrote the service after it was read. */
export class ServiceVersionConflict extends Schema.TaggedError<ServiceVersionConflict>()("ServiceVersionConflict", {
  service: ServiceId,
  basedOnVersion: RaftIndex
}) {
  override get message(): string {
    return `Service ${this.service} has changed since version ${this.basedOnVersion}: read it again and decide anew.`
  }
}

export class NodeVersionConflict extends Schema.TaggedError<NodeVersionConflict>()("NodeVersionConflict", {
  node: NodeId,
  basedOnVersion: RaftIndex
}) {
  override get message(): string {
    return `Node ${this.node} has changed since version ${this.basedOnVersion}: read it again and decide anew.`
  }
}

export class ConfigNotFound extends Schema.TaggedError<ConfigNotFound>()("ConfigNotFound", {
  /** The id that was asked for. */
  config: Schema.String
}) {
  override get message(): string {
    return `There is no config ${this.config} in this Swarm: "docker config ls" names those there are.`
  }
}

export class ConfigNameTaken extends Schema.TaggedError<ConfigNameTaken>()("ConfigNameTaken", {
  /** Its name. */
  config: Schema.String
}) {
  override get message(): string {
    return `There is a config ${this.config} already: read it, or remove it first ("docker config rm").`
  }
}

/** Somebody else wrote the config after it was read. */
export class ConfigVersionConflict extends Schema.TaggedError<ConfigVersionConflict>()("ConfigVersionConflict", {
  config: Schema.String,
  basedOnVersion: RaftIndex
}) {
  override get message(): string {
    return `Config ${this.config} has changed since version ${this.basedOnVersion}: read it again and decide anew.`
  }
}

/** The engine understood the call and said no, for a reason that has no error of its own. */
export class EngineRejected extends Schema.TaggedError<EngineRejected>()("EngineRejected", {
  operation: Schema.String,
  status: Schema.Number,
  /** The engine's own words. */
  reason: Schema.String
}) {
  override get message(): string {
    return `Docker refused "${this.operation}" with status ${this.status}: ${this.reason}`
  }
}

/** The answer, or one object of it, is not what the Engine API promises. Unknown fields and words never lead here. */
export class EngineAnswerMalformed extends Schema.TaggedError<EngineAnswerMalformed>()("EngineAnswerMalformed", {
  operation: Schema.String,
  /** Which object, as far as it can be named: `service p2p_vvm1 (x7…)`, `task #3`, `the answer`. */
  object: Schema.String,
  /** The path of the first field that is missing or wrong; empty when it is the whole. */
  field: Schema.String,
  cause: Schema.Defect
}) {
  override get message(): string {
    const where = this.field === "" ? this.object : `field ${this.field} of ${this.object}`
    return `Docker's answer to "${this.operation}" cannot be used: ${where} is missing or malformed. Compare the engine's version with the supported ones.`
  }
}

/** DOCKER_HOST and its companions do not name an engine that can be talked to. */
export class EndpointInvalid extends Schema.TaggedError<EndpointInvalid>()("EndpointInvalid", {
  endpoint: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `"${this.endpoint}" is not a usable Docker endpoint: ${this.reason}`
  }
}

/** What any call may end with. Calls on one service or node add their own. */
export type EngineError =
  EngineUnreachable | EngineTimedOut | NotAManager | SwarmHasNoLeader | EngineRejected | EngineAnswerMalformed

/** `{"message": …}` of an error answer; the text itself where it is something else. */
export const reasonOf = (text: string): string => {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed === "object" && parsed !== null && "message" in parsed && typeof parsed.message === "string")
      return parsed.message.trim()
  } catch {
    // Proxies answer in plain text.
  }
  return text.trim() === "" ? "no reason given" : text.trim().slice(0, 1000)
}

/** SwarmKit's `ErrSequenceConflict` reaches HTTP as status 500 with these words (`manager/state/store/memory.go`). */
export const isSequenceConflict = (status: number, reason: string): boolean =>
  status >= 400 && reason.includes("update out of sequence")

/** The error of a status of 400 or more that says nothing about the object that was asked for. */
export const fromStatus = (endpoint: string, operation: string, status: number, reason: string): EngineError => {
  if (/not a swarm manager|not part of a swarm/i.test(reason)) return new NotAManager({ endpoint })
  if (/does not have a leader|no elected cluster leader/i.test(reason)) return new SwarmHasNoLeader({ endpoint })
  return new EngineRejected({ operation, status, reason })
}
