/**
 * What the engine's JSON has in common: Go leaves out empty fields or writes `null` for empty lists and maps, so both mean
 * "empty". Only what every engine sends is required; unknown fields are passed over. Decides the shape of nothing.
 */
import * as Schema from "effect/Schema"
import { RaftIndex } from "@evenkeel/domain/Ids"
import { GenericResource, Resources } from "@evenkeel/domain/Node"

/** A field that may be absent or null, and what it then means. */
export const withDefault = <A, I>(schema: Schema.Schema<A, I>, fallback: () => A) =>
  Schema.optionalWith(schema, { nullable: true, default: fallback })

export const text = withDefault(Schema.String, () => "")
export const count = withDefault(Schema.Number, () => 0)
export const flag = withDefault(Schema.Boolean, () => false)
export const labels = withDefault(Schema.Record({ key: Schema.String, value: Schema.String }), () => ({}))

export const listOf = <A, I>(schema: Schema.Schema<A, I>) => withDefault(Schema.Array(schema), () => [])

/** Null where the engine sent nothing. */
export const orNull = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.optionalWith(Schema.NullOr(schema), { default: () => null })

export const Version = Schema.Struct({ Index: RaftIndex })

export const WirePlatform = Schema.Struct({ OS: text, Architecture: text })

export const platform = (wire: typeof WirePlatform.Type) => ({ os: wire.OS, architecture: wire.Architecture })

/** One element per named unit, or one with a count. */
const WireGenericResource = Schema.Struct({
  NamedResourceSpec: orNull(Schema.Struct({ Kind: text, Value: text })),
  DiscreteResourceSpec: orNull(Schema.Struct({ Kind: text, Value: count }))
})

export const WireResources = Schema.Struct({
  NanoCPUs: count,
  MemoryBytes: count,
  GenericResources: listOf(WireGenericResource)
})

/** Named units of one kind become one resource that counts and names them. Kinds keep the order of their first mention. */
export const resources = (wire: typeof WireResources.Type | null): Resources => {
  if (wire === null) return Resources.none
  const kinds = new Map<string, { value: number; names: Array<string> }>()
  for (const { DiscreteResourceSpec, NamedResourceSpec } of wire.GenericResources) {
    const kind = NamedResourceSpec?.Kind ?? DiscreteResourceSpec?.Kind
    if (kind === undefined) continue
    const found = kinds.get(kind) ?? { value: 0, names: [] }
    kinds.set(kind, found)
    if (NamedResourceSpec !== null) {
      found.value += 1
      found.names.push(NamedResourceSpec.Value)
    } else found.value += DiscreteResourceSpec?.Value ?? 0
  }
  return new Resources(
    {
      nanoCpus: wire.NanoCPUs,
      memoryBytes: wire.MemoryBytes,
      generic: [...kinds].map(([kind, { names, value }]) => new GenericResource({ kind, value, names }, true))
    },
    true
  )
}
