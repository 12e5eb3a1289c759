/**
 * A JSON document in Swarm's raft, as a Docker config. Configs never change their data, so every change is a new config,
 * `evenkeel-<kind>-<revision>`, and the one with the highest revision holds. Two writers of the same revision meet at the
 * name, which Swarm keeps unique: the later one reads again and changes what it then finds. Older revisions are removed
 * afterwards; a writer that dies in between leaves one for the next to remove.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type { Config } from "@evenkeel/swarm-client/Configs"
import { maxDataBytes } from "@evenkeel/swarm-client/Configs"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"

/** The label that marks a document; its value is the kind. */
export const kindLabel = "evenkeel.document"

/** Represents a document that this version cannot read: written by a newer one, or by hand. */
export class DocumentUnreadable extends Schema.TaggedError<DocumentUnreadable>()("DocumentUnreadable", {
  config: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `config ${this.config} cannot be read (${this.reason}): update this rebalancer, or remove it with "docker config rm ${this.config}"`
  }
}

/** Represents a document that would be larger than a Docker config may be. */
export class DocumentTooLarge extends Schema.TaggedError<DocumentTooLarge>()("DocumentTooLarge", {
  kind: Schema.String,
  bytes: Schema.Number
}) {
  override get message(): string {
    return `the ${this.kind} would take ${this.bytes} bytes, more than the ${maxDataBytes} of a Docker config: take something out of it`
  }
}

/** Represents a change of a revision that no longer holds. */
export class DocumentChanged extends Schema.TaggedError<DocumentChanged>()("DocumentChanged", {
  kind: Schema.String,
  expected: Schema.Int,
  holds: Schema.Int
}) {
  override get message(): string {
    return `revision ${this.expected} of the ${this.kind} was changed since: ${this.holds} holds`
  }
}

/** Represents a change that others kept overtaking. */
export class DocumentContended extends Schema.TaggedError<DocumentContended>()("DocumentContended", {
  kind: Schema.String
}) {
  override get message(): string {
    return `the ${this.kind} was changed by others again and again: try once more`
  }
}

/** Somebody else wrote the revision; the change is made again on what they wrote. */
class Overtaken extends Data.TaggedError("Overtaken") {}

export interface Held<A> {
  readonly value: A
  /** 0 where there is no document yet. */
  readonly revision: number
  /** The config's id; null where there is none. */
  readonly id: string | null
}

export interface DocumentKind<A, I> {
  /** Part of the configs' names: lower-case letters. */
  readonly kind: string
  readonly schema: Schema.Schema<A, I>
  /** What holds where there is no document. */
  readonly none: A
}

interface Revision {
  readonly config: Config
  readonly revision: number
}

const revisionsOf = (kind: string, configs: ReadonlyArray<Config>): ReadonlyArray<Revision> =>
  configs
    .flatMap((config) => {
      const match = /^evenkeel-([a-z]+)-([1-9]\d{0,14})$/.exec(config.name)
      return match?.[1] === kind ? [{ config, revision: Number(match[2]) }] : []
    })
    .toSorted((a, b) => b.revision - a.revision)

const changeTries = 8

export const make = <A, I>({ kind, none, schema }: DocumentKind<A, I>) => {
  const text = Schema.parseJson(schema)
  const decode = Schema.decodeUnknown(text)
  const encode = Schema.encodeSync(text)

  const list = Effect.gen(function* () {
    const client = yield* SwarmClient
    return revisionsOf(kind, yield* client.listConfigs({ labels: { [kindLabel]: kind } }))
  })

  const valueOf = (newest: Revision | undefined, known: Held<A> | null): Effect.Effect<Held<A>, DocumentUnreadable> => {
    if (newest === undefined) return Effect.succeed({ value: none, revision: 0, id: null })
    const { config, revision } = newest
    if (known !== null && known.id === config.id) return Effect.succeed(known)
    return Effect.mapBoth(decode(config.data), {
      onFailure: (error) => new DocumentUnreadable({ config: config.name, reason: error.message.split("\n")[0] ?? "" }),
      onSuccess: (value) => ({ value, revision, id: config.id })
    })
  }

  /** What holds now; `known` itself where that is still so, without decoding it again. */
  const read = Effect.fn("RaftDocument.read")(function* (known: Held<A> | null = null) {
    const [newest] = yield* list
    return yield* valueOf(newest, known)
  })

  const write = Effect.fnUntraced(function* (before: Held<A>, value: A) {
    const client = yield* SwarmClient
    const data = encode(value)
    const bytes = Buffer.byteLength(data)
    if (bytes > maxDataBytes) return yield* new DocumentTooLarge({ kind, bytes })
    const revision = before.revision + 1
    const id = yield* Effect.catchTag(
      client.createConfig({ name: `evenkeel-${kind}-${revision}`, labels: { [kindLabel]: kind }, data }),
      "ConfigNameTaken",
      () => new Overtaken()
    )
    const all = yield* list
    const own = all.find(({ config }) => config.id === id)
    // A name that others had used and removed is free again: what they wrote since is older than ours and yet further on.
    const isLate =
      own === undefined || all.some((each) => each.revision > revision && each.config.version < own.config.version)
    // The oldest first: who sees its own sees with it those that were there before.
    const outdated = all.filter((each) => (isLate ? each === own : each.revision < revision)).toReversed()
    yield* Effect.forEach(outdated, ({ config }) => Effect.ignore(client.removeConfig(config.id)), { discard: true })
    if (isLate) return yield* new Overtaken()
    return { value, revision, id }
  })

  const changing = Effect.fnUntraced(function* (change: (value: A) => A, expected: number | null) {
    const once = Effect.gen(function* () {
      const before = yield* read()
      if (expected !== null && before.revision !== expected)
        return yield* new DocumentChanged({ kind, expected, holds: before.revision })
      const value = change(before.value)
      return encode(value) === encode(before.value) ? before : yield* write(before, value)
    })
    return yield* once.pipe(
      Effect.retry({
        while: (error) => error._tag === "Overtaken",
        times: changeTries,
        schedule: Schedule.jittered(Schedule.spaced("50 millis"))
      }),
      Effect.catchTag("Overtaken", () => new DocumentContended({ kind }))
    )
  })

  /** Changes what holds now and gives what holds then. A change that changes nothing writes nothing. */
  const change = Effect.fn("RaftDocument.change")((change: (value: A) => A) =>
    // Nothing was expected, so nothing else can be found.
    Effect.catchTag(changing(change, null), "DocumentChanged", Effect.die)
  )

  /** The same, but only where this revision holds: of two who looked at it one is told. */
  const changeAt = Effect.fn("RaftDocument.changeAt")((revision: number, change: (value: A) => A) =>
    changing(change, revision)
  )

  return { read, change, changeAt }
}
