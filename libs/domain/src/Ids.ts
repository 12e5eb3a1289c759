/**
 * Identifiers of Swarm objects, branded so that a task's id is never taken for a node's.
 * Swarm's ids are 25 characters of base 36; the embedded Swarm and tests may use shorter ones, so only emptiness is refused.
 */
import * as Schema from "effect/Schema"

const id = <B extends string>(brand: B) =>
  Schema.String.pipe(Schema.minLength(1), Schema.brand(brand), Schema.annotations({ identifier: brand }))

export const NodeId = id("NodeId")
export type NodeId = typeof NodeId.Type

export const ServiceId = id("ServiceId")
export type ServiceId = typeof ServiceId.Type

export const TaskId = id("TaskId")
export type TaskId = typeof TaskId.Type

export const NetworkId = id("NetworkId")
export type NetworkId = typeof NetworkId.Type

/**
 * `Version.Index` of a Swarm object: the raft index of its last write. One counter serves the whole cluster, so the larger
 * of two indexes is the later write, whichever objects they belong to.
 */
export const RaftIndex = Schema.NonNegativeInt.pipe(Schema.brand("RaftIndex"))
export type RaftIndex = typeof RaftIndex.Type

/**
 * A word of one of the engine's enumerations. A newer engine may send a word this version does not know: it is kept as it
 * came and matches none of the known ones.
 */
export const openEnum = <const Known extends ReadonlyArray<string>>(..._known: Known) =>
  Schema.String as unknown as Schema.Schema<Known[number] | (string & Record<never, never>), string>
