/**
 * The spec that a user could roll back to before a move, kept in a Docker config: a move overwrites Swarm's `PreviousSpec`, and
 * afterwards a rollback would change nothing. What is kept belongs to one value of the service's own spec, by its fingerprint:
 * once somebody has deployed another one, Swarm's `PreviousSpec` is the user's again and what was kept is removed.
 *
 * Decides what is worth keeping and what is outdated; applying it is the operator's command.
 */
import { createHash } from "node:crypto"
import { gunzipSync, gzipSync } from "node:zlib"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ServiceId } from "@evenkeel/domain/Ids"
import { type Config, maxDataBytes } from "@evenkeel/swarm-client/Configs"
import type { ServiceText } from "@evenkeel/swarm-client/ObjectTexts"
import * as SpecText from "@evenkeel/swarm-client/SpecText"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import * as SpecEdits from "./SpecEdits.ts"

/** On every config that keeps a spec: the id of its service. */
export const serviceLabel = "evenkeel.service"
/** The fingerprint of the spec that the kept one is the previous of. */
export const fingerprintLabel = "evenkeel.previous-of"
const encodingLabel = "evenkeel.encoding"

/** Represents a previous spec that no config can hold. The move does not begin, since it would lose the spec. */
export class PreviousSpecTooLarge extends Schema.TaggedError<PreviousSpecTooLarge>()("PreviousSpecTooLarge", {
  service: Schema.String,
  bytes: Schema.Int
}) {
  override get message() {
    return `the previous spec of service ${this.service} has ${this.bytes} bytes compressed, more than the ${maxDataBytes} that a Docker config takes: it is not moved, since a rollback would be lost. Deploy the service once more unchanged, or give it the label evenkeel.rebalance=off.`
  }
}

/** Names a spec by its value, whatever the order and spacing of its text. */
export const fingerprint = (specText: string): string =>
  createHash("sha256")
    .update(SpecText.canonical(specText) ?? specText)
    .digest("hex")

export interface UserSpecs {
  readonly specText: string
  /** Null where there is nothing to go back to, or it is the same value. */
  readonly previousSpecText: string | null
}

/** Both specs as their user wrote them, without anything of a move. */
export const usersOwn = ({ previousSpecText, specText }: Pick<ServiceText, "specText" | "previousSpecText">) =>
  Effect.gen(function* () {
    const own = yield* SpecEdits.withoutMoves(specText)
    const previous = previousSpecText === null ? null : yield* SpecEdits.withoutMoves(previousSpecText)
    const isSame = previous !== null && SpecText.sameValue(previous, own)
    return { specText: own, previousSpecText: isSame ? null : previous } satisfies UserSpecs
  })

const nameOf = (service: ServiceId, of: string, dataText: string): string => {
  const short = createHash("sha256").update(`${of} ${dataText}`).digest("hex").slice(0, 12)
  return `evenkeel-previous-${service}-${short}`
}

const encode = (service: ServiceId, text: string) =>
  Effect.gen(function* () {
    if (Buffer.byteLength(text) <= maxDataBytes) return { data: text, labels: {} }
    const data = gzipSync(text).toString("base64")
    if (data.length > maxDataBytes) return yield* new PreviousSpecTooLarge({ service, bytes: data.length })
    return { data, labels: { [encodingLabel]: "gzip+base64" } }
  })

const decode = ({ data, labels }: Config): string =>
  labels[encodingLabel] === undefined ? data : gunzipSync(Buffer.from(data, "base64")).toString("utf8")

const isKept = ({ name }: Config): boolean => name.startsWith("evenkeel-previous-")

const keptOf = Effect.fnUntraced(function* (service: ServiceId) {
  const client = yield* SwarmClient
  return (yield* client.listConfigs({ labels: { [serviceLabel]: service } })).filter(isKept)
})

const remove = Effect.fnUntraced(function* (configs: ReadonlyArray<Config>) {
  const client = yield* SwarmClient
  // Another instance may have been faster.
  yield* Effect.forEach(configs, ({ id }) =>
    Effect.catchTag(client.removeConfig(id), "ConfigNotFound", () => Effect.void)
  )
  return configs.length
})

/**
 * Keeps the user's own previous spec if the write that follows would lose it, and removes what was kept for an earlier spec.
 * To be called with what was just read, before that very version is overwritten.
 */
export const keep = Effect.fn("PreviousSpecs.keep")(function* (record: ServiceText) {
  const own = yield* usersOwn(record)
  if (own.previousSpecText === null) return
  const client = yield* SwarmClient
  const { id } = record.service
  const of = fingerprint(own.specText)
  const kept = yield* keptOf(id)
  const name = nameOf(id, of, own.previousSpecText)
  if (!kept.some((config) => config.name === name)) {
    const { data, labels } = yield* encode(id, own.previousSpecText)
    yield* Effect.catchTag(
      client.createConfig({ name, data, labels: { [serviceLabel]: id, [fingerprintLabel]: of, ...labels } }),
      "ConfigNameTaken",
      () => Effect.void
    )
  }
  yield* remove(kept.filter((config) => config.name !== name))
})

/** The spec kept for the service as it stands; null when none is, or it was kept for another spec. */
export const find = Effect.fn("PreviousSpecs.find")(function* (record: ServiceText) {
  const { specText } = yield* usersOwn(record)
  const of = fingerprint(specText)
  const kept = (yield* keptOf(record.service.id)).find(({ labels }) => labels[fingerprintLabel] === of)
  return kept === undefined ? null : decode(kept)
})

/**
 * Removes what is kept for services that are gone and for specs that have been replaced since. Gives how many. A service that is
 * as a finished move leaves it (a rollback changes nothing) is passed over: nobody has deployed it since, and in a large Swarm
 * there are thousands.
 */
export const sweep = Effect.fn("PreviousSpecs.sweep")(function* () {
  const client = yield* SwarmClient
  const kept = (yield* client.listConfigs({ labels: { [serviceLabel]: null, [fingerprintLabel]: null } })).filter(
    isKept
  )
  if (kept.length === 0) return 0
  // Where one of them cannot be read each is asked for by itself.
  const services = yield* Effect.catchTag(client.services, "EngineAnswerMalformed", () => Effect.succeed([]))
  const settled = new Set<string>(services.filter(({ previous }) => previous?.equalsSpec === true).map(({ id }) => id))
  const byService = Map.groupBy(
    kept.filter(({ labels }) => !settled.has(labels[serviceLabel] ?? "")),
    ({ labels }) => labels[serviceLabel] ?? ""
  )
  const removed = yield* Effect.forEach([...byService], ([service, configs]) =>
    Effect.gen(function* () {
      const record = yield* client.service(service)
      const of = fingerprint((yield* usersOwn(record)).specText)
      return yield* remove(configs.filter(({ labels }) => labels[fingerprintLabel] !== of))
    }).pipe(Effect.catchTag("ServiceNotFound", () => remove(configs)))
  )
  return removed.reduce((sum, count) => sum + count, 0)
})

/** What a rollback would bring back, and who holds it. */
export interface RollbackTarget {
  /**
   * `swarm`: `PreviousSpec` as it is, to be swapped in by Swarm's own rollback. `cleaned`: the same without what a move left in
   * either spec. `kept`: the one that was kept when a move overwrote `PreviousSpec`.
   */
  readonly source: "swarm" | "cleaned" | "kept"
  readonly specText: string
  /** The service's own spec, without anything of a move. */
  readonly currentText: string
}

/** Null when there is nothing to go back to. */
export const rollbackTarget = Effect.fn("PreviousSpecs.rollbackTarget")(function* (record: ServiceText) {
  const { previousSpecText, specText: currentText } = yield* usersOwn(record)
  if (previousSpecText !== null) {
    const isUntouched = previousSpecText === record.previousSpecText && currentText === record.specText
    const source = isUntouched ? "swarm" : "cleaned"
    return { source, specText: previousSpecText, currentText } as RollbackTarget
  }
  const kept = yield* find(record)
  return kept === null ? null : ({ source: "kept", specText: kept, currentText } as RollbackTarget)
})
