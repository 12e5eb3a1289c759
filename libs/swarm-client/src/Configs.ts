/**
 * Docker configs: small texts that live in Swarm's own raft store, for what must outlive every process and leader. Reads, makes,
 * relabels and removes them; what they hold and how long they are worth keeping is their owner's business.
 *
 * Swarm never changes a config's data; only its labels. A service that mounts a config keeps it from being removed; those that
 * this client makes are mounted by none.
 */
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { RaftIndex } from "@evenkeel/domain/Ids"
import * as Decoding from "./Decoding.ts"
import type { EngineCalls, Refusal } from "./EngineCalls.ts"
import { ConfigNameTaken, ConfigNotFound, ConfigVersionConflict, isSequenceConflict } from "./EngineErrors.ts"
import { labels, text, Version } from "./WireFields.ts"

/** Data that every supported engine takes, in bytes: SwarmKit's limit was 500 KiB before it became 1000 (`controlapi/config.go`). */
export const maxDataBytes = 500 * 1024

export class Config extends Schema.Class<Config>("Config")({
  id: Schema.NonEmptyString,
  version: RaftIndex,
  name: Schema.String,
  labels: Schema.Record({ key: Schema.String, value: Schema.String }),
  /** What it holds, taken as UTF-8. */
  data: Schema.String,
  /** RFC 3339, as the engine wrote it. */
  createdAt: Schema.String
}) {}

const WireConfig = Schema.Struct({
  ID: Schema.NonEmptyString,
  Version,
  CreatedAt: text,
  Spec: Schema.Struct({ Name: Schema.String, Labels: labels, Data: text })
})

const toConfig = (wire: typeof WireConfig.Type): Config =>
  new Config(
    {
      id: wire.ID,
      version: wire.Version.Index,
      name: wire.Spec.Name,
      labels: wire.Spec.Labels,
      data: Either.getOrElse(Encoding.decodeBase64String(wire.Spec.Data), () => ""),
      createdAt: wire.CreatedAt
    },
    true
  )

const WireCreated = Schema.Struct({ ID: Schema.NonEmptyString })

/** Every label that is named must be there; with a value it must have that one. */
export interface ConfigFilter {
  readonly labels?: Readonly<Record<string, string | null>>
}

export interface NewConfig {
  /** At most 64 characters, letters, digits, `-`, `_` and `.`; unique in the Swarm. */
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** At least one byte, at most `maxDataBytes` as UTF-8. */
  readonly data: string
}

export interface ConfigLabels {
  readonly id: string
  /** The version the config was read with. */
  readonly version: RaftIndex
  /** All labels it has afterwards. */
  readonly labels: Readonly<Record<string, string>>
}

const segment = (id: string): string => encodeURIComponent(id)

const missing = (config: string) => (refusal: Refusal) =>
  refusal.status === 404 ? new ConfigNotFound({ config }) : undefined

export const make = (calls: EngineCalls) => {
  const decoded = (operation: string, object: string, json: unknown) =>
    Either.map(Decoding.decode(WireConfig, operation, object, json), toConfig)

  const listConfigs = Effect.fn("SwarmClient.listConfigs")(function* (filter: ConfigFilter = {}) {
    const operation = "list configs"
    const label = Object.entries(filter.labels ?? {}).map(([key, value]) => (value === null ? key : `${key}=${value}`))
    const query = label.length === 0 ? {} : { filters: JSON.stringify({ label }) }
    const json = yield* Decoding.parseJson(
      operation,
      yield* calls.text({ operation, method: "GET", path: "/configs", query })
    )
    const elements: ReadonlyArray<unknown> = Array.isArray(json) ? json : []
    return yield* Effect.forEach(elements, (element, index) => decoded(operation, `config #${index}`, element))
  })

  /** Gives the new config's id. */
  const createConfig = Effect.fn("SwarmClient.createConfig")(function* ({ data, labels, name }: NewConfig) {
    const operation = `create config ${name}`
    const answer = yield* calls.text(
      {
        operation,
        method: "POST",
        path: "/configs/create",
        body: JSON.stringify({ Name: name, Labels: labels, Data: Encoding.encodeBase64(data) })
      },
      ({ status }) => (status === 409 ? new ConfigNameTaken({ config: name }) : undefined)
    )
    const json = yield* Decoding.parseJson(operation, answer)
    return (yield* Decoding.decode(WireCreated, operation, "the answer", json)).ID
  })

  const removeConfig = Effect.fn("SwarmClient.removeConfig")(function* (id: string) {
    yield* calls.text(
      { operation: `remove config ${id}`, method: "DELETE", path: `/configs/${segment(id)}` },
      missing(id)
    )
  })

  const updateConfigLabels = Effect.fn("SwarmClient.updateConfigLabels")(function* (update: ConfigLabels) {
    const operation = `update config ${update.id}`
    const path = `/configs/${segment(update.id)}`
    const found = yield* calls.text({ operation, method: "GET", path }, missing(update.id))
    const json = yield* Decoding.parseJson(operation, found)
    const { data, name } = yield* decoded(operation, `config ${update.id}`, json)
    yield* calls.text(
      {
        operation,
        method: "POST",
        path: `${path}/update`,
        query: { version: String(update.version) },
        body: JSON.stringify({ Name: name, Labels: update.labels, Data: Encoding.encodeBase64(data) })
      },
      ({ reason, status }) => {
        if (status === 404) return new ConfigNotFound({ config: update.id })
        return isSequenceConflict(status, reason)
          ? new ConfigVersionConflict({ config: update.id, basedOnVersion: update.version })
          : undefined
      }
    )
  })

  return { listConfigs, createConfig, removeConfig, updateConfigLabels }
}
