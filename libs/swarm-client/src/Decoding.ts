/**
 * From the engine's text to values, with errors that name the object and the field. A list gives what it can: an object that
 * is broken becomes a problem and the others stay. An object whose version has not changed is not decoded again.
 */
import * as Either from "effect/Either"
import { ArrayFormatter, type ParseError } from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { EngineAnswerMalformed } from "./EngineErrors.ts"
import * as ListText from "./ListText.ts"

const malformed = (operation: string, object: string, error: ParseError): EngineAnswerMalformed => {
  const [issue] = ArrayFormatter.formatErrorSync(error)
  const path = issue?.path ?? []
  return new EngineAnswerMalformed({
    operation,
    object,
    field: path.map(String).join("."),
    cause: new Error(issue?.message ?? error.message)
  })
}

export const parseJson = (operation: string, text: string): Either.Either<unknown, EngineAnswerMalformed> =>
  Either.try({
    try: (): unknown => JSON.parse(text),
    catch: (cause) => new EngineAnswerMalformed({ operation, object: "the answer", field: "", cause })
  })

/** One object. `object` names it in errors. */
export const decode = <A, I>(
  schema: Schema.Schema<A, I>,
  operation: string,
  object: string,
  json: unknown
): Either.Either<A, EngineAnswerMalformed> =>
  Either.mapLeft(Schema.decodeUnknownEither(schema)(json), (error) => malformed(operation, object, error))

/** How one kind of object is read from a list. */
export interface ListReader<A> {
  readonly operation: string
  readonly kind: "node" | "service" | "task" | "network"
  /**
   * Equal as long as the object is: its version and whatever else its value depends on. Null when there is none: it is decoded
   * each time.
   */
  readonly key: (json: RawObject) => string | null
  /** The same from the version's digits, where nothing else of the object's JSON is part of it: then unchanged objects are not parsed. */
  readonly keyOfVersion?: (version: string) => string
  readonly decode: (json: RawObject, object: string) => Either.Either<A, EngineAnswerMalformed>
}

/** An object before it is checked. */
export interface RawObject {
  readonly ID?: unknown
  readonly Id?: unknown
  readonly Name?: unknown
  readonly Version?: { readonly Index?: unknown } | null
  readonly Spec?: unknown
  readonly ManagerStatus?: unknown
}

export interface Listing<A> {
  readonly objects: ReadonlyArray<A>
  readonly problems: ReadonlyArray<EngineAnswerMalformed>
}

/** The version as part of a key; null when there is none. */
export const versionOf = (json: RawObject): string | null => {
  const index = json.Version?.Index
  return typeof index === "number" ? String(index) : null
}

const idOf = (json: RawObject): string | null => {
  const id = json.ID ?? json.Id
  return typeof id === "string" ? id : null
}

const nameOf = (json: RawObject): string | null => {
  const spec = json.Spec
  const named = typeof spec === "object" && spec !== null && "Name" in spec ? spec.Name : json.Name
  return typeof named === "string" && named !== "" ? named : null
}

/** `service p2p_vvm1 (x7…)`, `task x7…`, `node #3`. */
export const describe = (kind: string, json: RawObject, index: number): string => {
  const [id, name] = [idOf(json), nameOf(json)]
  if (name !== null) return `${kind} ${name}${id === null ? "" : ` (${id})`}`
  return id === null ? `${kind} #${index}` : `${kind} ${id}`
}

/** What is remembered of an object. */
export interface Known<A> {
  readonly id: string
  readonly key: string
  readonly value: A
}

/** What is remembered of a list's objects, by id. */
export type KnownObjects<A> = ReadonlyMap<string, Known<A>>

export interface ListReading<A> {
  readonly listing: Listing<A>
  /** What to remember: the objects of this list, and no others. */
  readonly known: KnownObjects<A>
}

/** What is read of one list, object by object. */
class ListBuilder<A> {
  readonly #reader: ListReader<A>
  readonly #known: KnownObjects<A>
  readonly #next = new Map<string, Known<A>>()
  readonly #objects: Array<A> = []
  readonly #problems: Array<EngineAnswerMalformed> = []

  constructor(reader: ListReader<A>, known: KnownObjects<A>) {
    this.#reader = reader
    this.#known = known
  }

  /** Takes over what is known under this id and key; answers whether there is such. */
  keep(id: string, key: string): boolean {
    const found = this.#known.get(id)
    if (found === undefined || found.key !== key) return false
    this.#objects.push(found.value)
    this.#next.set(found.id, found)
    return true
  }

  read(json: unknown, index: number): void {
    const raw = (typeof json === "object" && json !== null ? json : {}) as RawObject
    const [id, key] = [idOf(raw), this.#reader.key(raw)]
    if (id !== null && key !== null && this.keep(id, key)) return
    const value = this.#reader.decode(raw, describe(this.#reader.kind, raw, index))
    if (Either.isLeft(value)) return void this.#problems.push(value.left)
    this.#objects.push(value.right)
    if (id !== null && key !== null) this.#next.set(id, { id, key, value: value.right })
  }

  get reading(): ListReading<A> {
    return { listing: { objects: this.#objects, problems: this.#problems }, known: this.#next }
  }
}

/** Parses only what is not known; null where the text cannot be taken apart. */
const inParts = <A>(
  reader: ListReader<A>,
  text: string,
  known: KnownObjects<A>,
  keyOfVersion: (version: string) => string
): ListReading<A> | null => {
  const builder = new ListBuilder(reader, known)
  const parts = ListText.objectTexts(text)
  for (let index = 0; ; index++) {
    const part = parts.next()
    if (part.done === true) return part.value ? builder.reading : null
    const { begin, end, id, version } = part.value
    if (builder.keep(id, keyOfVersion(version))) continue
    const json = parseJson(reader.operation, text.slice(begin, end))
    if (Either.isLeft(json)) return null
    builder.read(json.right, index)
  }
}

/**
 * Reads a list whose objects may be known already. The same instance comes back for an object that has not changed, so that
 * consumers may compare by identity.
 */
export const readList = <A>(
  reader: ListReader<A>,
  text: string,
  known: KnownObjects<A>
): Either.Either<ListReading<A>, EngineAnswerMalformed> => {
  const { keyOfVersion } = reader
  // A list that is all new is parsed in one go.
  const inPart = known.size === 0 || keyOfVersion === undefined ? null : inParts(reader, text, known, keyOfVersion)
  if (inPart !== null) return Either.right(inPart)
  return Either.flatMap(parseJson(reader.operation, text), (json) => {
    if (!Array.isArray(json) && json !== null)
      return Either.left(
        new EngineAnswerMalformed({
          operation: reader.operation,
          object: "the answer",
          field: "",
          cause: new Error("a list was expected")
        })
      )
    const builder = new ListBuilder(reader, known)
    const elements: ReadonlyArray<unknown> = json ?? []
    for (const [index, element] of elements.entries()) builder.read(element, index)
    return Either.right(builder.reading)
  })
}

/** Reads lists of one kind and remembers the last one. What that did not hold is forgotten. */
export const makeListDecoder = <A>(reader: ListReader<A>) => {
  let known: KnownObjects<A> = new Map()
  return (text: string): Either.Either<Listing<A>, EngineAnswerMalformed> =>
    Either.map(readList(reader, text, known), (reading) => {
      known = reading.known
      return reading.listing
    })
}
