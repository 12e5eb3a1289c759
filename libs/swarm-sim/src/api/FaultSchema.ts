/** Faults as the control API takes them: those of the Swarm and those of the API, as JSON. Names stay names; decides nothing. */
import * as Schema from "effect/Schema"

const node = { node: Schema.NonEmptyString }
const onSome = {
  service: Schema.optionalWith(Schema.NonEmptyString, { exact: true }),
  node: Schema.optionalWith(Schema.NonEmptyString, { exact: true })
}
const onNode = { node: Schema.optionalWith(Schema.NonEmptyString, { exact: true }) }
const Millis = Schema.NonNegative

/** `node`: id or hostname; `service`: id or name; `task`: id; durations in milliseconds of simulated time. */
export const SwarmFault = Schema.Union(
  Schema.Struct({ _tag: Schema.Literal("crash"), ...node }),
  Schema.Struct({ _tag: Schema.Literal("black-hole"), ...node }),
  Schema.Struct({ _tag: Schema.Literal("restore"), ...node }),
  Schema.Struct({ _tag: Schema.Literal("restart-dockerd"), ...node }),
  Schema.Struct({
    _tag: Schema.Literal("flap"),
    ...node,
    periodMillis: Schema.Positive,
    times: Schema.Int.pipe(Schema.positive())
  }),
  Schema.Struct({ _tag: Schema.Literal("slow-start"), ...onSome, millis: Millis }),
  Schema.Struct({
    _tag: Schema.Literal("unhealthy"),
    ...onSome,
    task: Schema.optionalWith(Schema.NonEmptyString, { exact: true }),
    on: Schema.Boolean
  }),
  Schema.Struct({ _tag: Schema.Literal("leader-change") })
)

/** Without `node` they hold for every node's API. */
export const ApiFaultSchema = Schema.Union(
  Schema.Struct({ _tag: Schema.Literal("drop-events"), ...onNode, on: Schema.Boolean }),
  Schema.Struct({ _tag: Schema.Literal("api-latency"), ...onNode, millis: Millis }),
  Schema.Struct({
    _tag: Schema.Literal("api-errors"),
    ...onNode,
    rate: Schema.Number.pipe(Schema.between(0, 1)),
    status: Schema.optionalWith(Schema.Int.pipe(Schema.between(400, 599)), { default: () => 500 })
  })
)

export const ControlFault = Schema.Union(SwarmFault, ApiFaultSchema)
export type ControlFault = typeof ControlFault.Type

export const isApiFault = (fault: ControlFault): fault is typeof ApiFaultSchema.Type =>
  fault._tag === "drop-events" || fault._tag === "api-latency" || fault._tag === "api-errors"
