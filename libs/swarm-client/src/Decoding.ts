/**
 * From the engine's text to values, with errors that name the object and the field. A list gives what it can: an object that
 * is broken becomes a problem and the others stay. An object whose version has not changed is not decoded again.
 */
import * as Either from "effect/Either"
import { ArrayFormatter, type ParseError } from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { EngineAnswerMalformed } from "./EngineErrors.ts"

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

/**
 * Reads lists of one kind and remembers the last one. The same instance comes back for an object that has not changed, so
 * that consumers may compare by identity. What the last list did not hold is forgotten.
 */
export const makeListDecoder = <A>(reader: ListReader<A>) => {
  let known: ReadonlyMap<string, { readonly key: string; readonly value: A }> = new Map()
  return (text: string): Either.Either<Listing<A>, EngineAnswerMalformed> =>
    Either.flatMap(parseJson(reader.operation, text), (json) => {
      if (!Array.isArray(json) && json !== null)
        return Either.left(
          new EngineAnswerMalformed({
            operation: reader.operation,
            object: "the answer",
            field: "",
            cause: new Error("a list was expected")
          })
        )
      const next = new Map<string, { key: string; value: A }>()
      const objects: Array<A> = []
      const problems: Array<EngineAnswerMalformed> = []
      const elements: ReadonlyArray<unknown> = json ?? []
      elements.forEach((element, index) => {
        const raw = (typeof element === "object" && element !== null ? element : {}) as RawObject
        const [id, key] = [idOf(raw), reader.key(raw)]
        const found = id === null || key === null ? undefined : known.get(id)
        const value =
          found !== undefined && found.key === key
            ? Either.right(found.value)
            : reader.decode(raw, describe(reader.kind, raw, index))
        if (Either.isLeft(value)) return void problems.push(value.left)
        objects.push(value.right)
        if (id !== null && key !== null) next.set(id, { key, value: value.right })
      })
      known = next
      return Either.right({ objects, problems })
    })
}
