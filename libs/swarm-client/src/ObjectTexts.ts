/**
 * One service or node with its spec as the engine's own text: read, and written back under the version it was read with. The
 * text is what counts: a spec that was decoded and encoded again restarts tasks.
 */
import * as Effect from "effect/Effect"
import type { NodeId, RaftIndex, ServiceId } from "@evenkeel/domain/Ids"
import type { Network } from "@evenkeel/domain/Network"
import type { Node } from "@evenkeel/domain/Node"
import type { Service } from "@evenkeel/domain/Service"
import * as Decoding from "./Decoding.ts"
import type { EngineCalls, Refusal } from "./EngineCalls.ts"
import {
  EngineAnswerMalformed,
  type EngineError,
  isSequenceConflict,
  NodeNotFound,
  NodeVersionConflict,
  ServiceNotFound,
  ServiceVersionConflict
} from "./EngineErrors.ts"
import * as ObjectLists from "./ObjectLists.ts"
import * as SpecText from "./SpecText.ts"
import { WireUpdated } from "./WireEngine.ts"

/** A service with its spec as the engine wrote it: the only form that may be patched and written back. */
export interface ServiceText {
  readonly service: Service
  readonly version: RaftIndex
  readonly specText: string
  /** What a rollback would bring back; null when there is nothing. */
  readonly previousSpecText: string | null
}

export interface NodeText {
  readonly node: Node
  readonly version: RaftIndex
  readonly specText: string
}

export interface ServiceUpdate {
  readonly id: ServiceId
  /** The version that the spec was read with. */
  readonly version: RaftIndex
  /** Sent byte for byte. With `rollback` it must be a valid spec and is otherwise ignored. */
  readonly specText: string
  /** Swaps the spec with the previous one instead. */
  readonly rollback?: "previous"
}

export interface NodeUpdate {
  readonly id: NodeId
  readonly version: RaftIndex
  readonly specText: string
}

const segment = (id: string): string => encodeURIComponent(id)

const specOf = (operation: string, text: string) =>
  Effect.gen(function* () {
    const specText = SpecText.get(text, ["Spec"])
    if (specText !== undefined) return specText
    return yield* new EngineAnswerMalformed({
      operation,
      object: "the answer",
      field: "Spec",
      cause: new Error("absent")
    })
  })

/** `networks`: read for the drivers that a service requires of its nodes. */
export const make = (calls: EngineCalls, networks: Effect.Effect<Decoding.Listing<Network>, EngineError>) => {
  const service = Effect.fn("SwarmClient.service")(function* (id: string) {
    const operation = `read service ${id}`
    const missing = ({ status }: Refusal) => (status === 404 ? new ServiceNotFound({ service: id }) : undefined)
    const text = yield* calls.text({ operation, method: "GET", path: `/services/${segment(id)}` }, missing)
    const specText = yield* specOf(operation, text)
    const known = yield* networks
    const service = yield* ObjectLists.oneService(operation, text, known.objects)
    const previous = SpecText.get(text, ["PreviousSpec"]) ?? "null"
    return { service, version: service.version, specText, previousSpecText: previous === "null" ? null : previous }
  })

  const nodeSpec = Effect.fn("SwarmClient.nodeSpec")(function* (id: string) {
    const operation = `read node ${id}`
    const missing = ({ status }: Refusal) => (status === 404 ? new NodeNotFound({ node: id }) : undefined)
    const text = yield* calls.text({ operation, method: "GET", path: `/nodes/${segment(id)}` }, missing)
    const specText = yield* specOf(operation, text)
    const node = yield* ObjectLists.oneNode(operation, text)
    return { node, version: node.version, specText }
  })

  const updateService = Effect.fn("SwarmClient.updateService")(function* (update: ServiceUpdate) {
    const operation = `update service ${update.id}`
    const text = yield* calls.text(
      {
        operation,
        method: "POST",
        path: `/services/${segment(update.id)}/update`,
        query: {
          version: String(update.version),
          ...(update.rollback === undefined ? {} : { rollback: update.rollback })
        },
        body: update.specText
      },
      ({ reason, status }) => {
        if (status === 404) return new ServiceNotFound({ service: update.id })
        if (isSequenceConflict(status, reason))
          return new ServiceVersionConflict({ service: update.id, basedOnVersion: update.version })
        return undefined
      }
    )
    if (text.trim() === "") return []
    const json = yield* Decoding.parseJson(operation, text)
    const { Warnings } = yield* Decoding.decode(WireUpdated, operation, "the answer", json)
    return Warnings
  })

  const updateNode = Effect.fn("SwarmClient.updateNode")(function* (update: NodeUpdate) {
    yield* calls.text(
      {
        operation: `update node ${update.id}`,
        method: "POST",
        path: `/nodes/${segment(update.id)}/update`,
        query: { version: String(update.version) },
        body: update.specText
      },
      ({ reason, status }) => {
        if (status === 404) return new NodeNotFound({ node: update.id })
        if (isSequenceConflict(status, reason))
          return new NodeVersionConflict({ node: update.id, basedOnVersion: update.version })
        return undefined
      }
    )
  })

  return { service, nodeSpec, updateService, updateNode }
}
