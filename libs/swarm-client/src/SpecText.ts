/**
 * Patches JSON text without ever re-encoding it: what a patch does not name keeps its bytes – unknown fields, numbers beyond
 * 2^53, escapes, order and white space. Pure; it knows nothing of services.
 *
 * Every patch comes with its inverse, which restores the values' own texts or their absence. Applied to the patched text it
 * gives back the original byte for byte; applied to the same value in another order and spacing (the engine writes a spec
 * back in an order of its own) it gives back the same value.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { type Node as JsonNode, parseTree } from "jsonc-parser"

/** Keys and indexes from the root; `[]` is the root itself. */
export const Path = Schema.Array(Schema.Union(Schema.String, Schema.Int))
export type Path = typeof Path.Type

/** Where a removed member stood, with the text around its value: only a wish, which another order of members may void. */
const Place = Schema.Struct({
  /** The neighbour that its separator belongs to; null when it was alone, `indent` characters into its container. */
  neighbour: Schema.NullOr(Schema.Union(Schema.String, Schema.Int)),
  side: Schema.Literal("before", "after", "alone"),
  indent: Schema.Int,
  prefix: Schema.String,
  suffix: Schema.String
})
type Place = typeof Place.Type

/** One change: set the value at a path, or remove it. A patch is JSON-encodable, so that it can be kept in a journal. */
export const PatchOperation = Schema.Struct({
  path: Path,
  /** JSON text, inserted as it is; null removes. Absent objects on the way are made. Removing what is absent does nothing. */
  value: Schema.NullOr(Schema.String),
  /** Of inverses: only if the value there is an empty object by then, so that what others put into it stays. */
  ifEmpty: Schema.optional(Schema.Boolean),
  /** Of inverses: where to put it back. */
  place: Schema.optional(Place)
})
export type PatchOperation = typeof PatchOperation.Type

export const Patch = Schema.Array(PatchOperation)
export type Patch = typeof Patch.Type

/** The text is no JSON, or the path leads through something that has no members. */
export class SpecTextInvalid extends Schema.TaggedError<SpecTextInvalid>()("SpecTextInvalid", {
  path: Path,
  reason: Schema.String
}) {
  override get message(): string {
    return `The JSON text cannot be patched at ${this.path.join(".") || "its root"}: ${this.reason}`
  }
}

export interface Patched {
  readonly text: string
  readonly inverse: Patch
}

interface Member {
  readonly key: string | number
  /** Where the member begins: at its key, in an array at its value. */
  readonly start: number
  readonly valueStart: number
  readonly end: number
  readonly value: JsonNode
}

const endOf = (node: JsonNode): number => node.offset + node.length

const membersOf = (container: JsonNode): ReadonlyArray<Member> =>
  (container.children ?? []).flatMap((child, index): ReadonlyArray<Member> => {
    if (container.type === "array")
      return [{ key: index, start: child.offset, valueStart: child.offset, end: endOf(child), value: child }]
    const [key, value] = child.children ?? []
    if (key === undefined || value === undefined) return []
    return [{ key: String(key.value), start: child.offset, valueStart: value.offset, end: endOf(value), value }]
  })

const isContainer = (node: JsonNode): boolean => node.type === "object" || node.type === "array"

/** Go and JSON.parse take the last of several equal keys. */
const memberAt = (node: JsonNode, key: string | number): Member | undefined =>
  isContainer(node) ? membersOf(node).findLast((member) => member.key === key) : undefined

const nodeAt = (root: JsonNode, path: Path): JsonNode | undefined => {
  let node: JsonNode | undefined = root
  for (const key of path) node = node === undefined ? undefined : memberAt(node, key)?.value
  return node
}

/** JSON.parse judges (jsonc-parser forgives comments and more); the tree tells where everything stands. */
const rootOf = (text: string): JsonNode | undefined => {
  try {
    JSON.parse(text)
  } catch {
    return undefined
  }
  return parseTree(text)
}

const slice = (text: string, node: JsonNode): string => text.slice(node.offset, endOf(node))

const splice = (text: string, start: number, end: number, replacement: string): string =>
  text.slice(0, start) + replacement + text.slice(end)

/** The text of the value at a path, byte for byte; undefined when it is absent or the text is no JSON. */
export const get = (text: string, path: Path): string | undefined => {
  const root = rootOf(text)
  const node = root === undefined ? undefined : nodeAt(root, path)
  return node === undefined ? undefined : slice(text, node)
}

const canonicalNode = (text: string, node: JsonNode): string => {
  if (node.type === "string") return JSON.stringify(node.value)
  if (!isContainer(node)) return slice(text, node)
  const members = membersOf(node).map((member) => ({ ...member, text: canonicalNode(text, member.value) }))
  if (node.type === "array") return `[${members.map((member) => member.text).join(",")}]`
  const byKey = new Map(members.map((member) => [String(member.key), member.text]))
  const sorted = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${sorted.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(",")}}`
}

/** The same JSON value in one order and spacing, numbers by their text; undefined when the text is no JSON. */
export const canonical = (text: string): string | undefined => {
  const root = rootOf(text)
  return root === undefined ? undefined : canonicalNode(text, root)
}

/** Whether two texts hold the same JSON value, whatever their order and spacing; numbers are compared by their text. */
export const sameValue = (a: string, b: string): boolean => {
  const left = canonical(a)
  return left !== undefined && left === canonical(b)
}

const trimJson = (text: string): string => text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "")

const keyText = (container: JsonNode, key: string | number): string =>
  container.type === "array" ? "" : `${JSON.stringify(key)}:`

/** Puts a new member where its place wishes it, else at the end. */
const insert = (text: string, container: JsonNode, key: string | number, value: string, place?: Place): string => {
  const members = membersOf(container)
  if (place !== undefined) {
    const member = place.prefix + value + place.suffix
    const neighbour = members.find((other) => other.key === place.neighbour)
    if (place.side === "alone" && members.length === 0) {
      const inside = container.length - 2
      const at = container.offset + 1 + Math.min(place.indent, inside)
      return splice(text, at, at, member)
    }
    if (place.side === "before" && neighbour !== undefined)
      return splice(text, neighbour.start, neighbour.start, member)
    if (place.side === "after" && neighbour !== undefined) return splice(text, neighbour.end, neighbour.end, member)
  }
  const last = members.at(-1)
  const at = last?.end ?? container.offset + 1
  return splice(text, at, at, `${last === undefined ? "" : ","}${keyText(container, key)}${value}`)
}

/** Takes a member out with the separator that joins it to its neighbour, and tells how to put it back. */
const extract = (
  text: string,
  container: JsonNode,
  member: Member
): { readonly text: string; readonly place: Place } => {
  const members = membersOf(container)
  const index = members.findIndex((other) => other.start === member.start)
  const [previous, next] = [members[index - 1], members[index + 1]]
  const [start, end] =
    next !== undefined
      ? [member.start, next.start]
      : previous !== undefined
        ? [previous.end, member.end]
        : [member.start, member.end]
  // The next element of an array takes the index that this one leaves.
  const nextKey = container.type === "array" ? member.key : next?.key
  return {
    text: splice(text, start, end, ""),
    place: {
      neighbour: next !== undefined ? (nextKey ?? null) : (previous?.key ?? null),
      side: next !== undefined ? "before" : previous !== undefined ? "after" : "alone",
      indent: next === undefined && previous === undefined ? member.start - container.offset - 1 : 0,
      prefix: text.slice(start, member.valueStart),
      suffix: text.slice(member.end, end)
    }
  }
}

type Step = Either.Either<Patched, SpecTextInvalid>

const unchanged = (text: string): Step => Either.right({ text, inverse: [] })

const refuse = (path: Path, reason: string): Step => Either.left(new SpecTextInvalid({ path, reason }))

const replace = (text: string, path: Path, node: JsonNode, value: string): Step =>
  Either.right({
    text: splice(text, node.offset, endOf(node), value),
    inverse: [{ path, value: slice(text, node) }]
  })

const remove = (text: string, root: JsonNode, path: Path): Step => {
  const key = path.at(-1)
  if (key === undefined) return refuse(path, "the root cannot be removed")
  const container = nodeAt(root, path.slice(0, -1))
  const member = container === undefined ? undefined : memberAt(container, key)
  if (container === undefined || member === undefined) return unchanged(text)
  if (membersOf(container).filter((other) => other.key === key).length > 1)
    return refuse(path, "the key is there more than once")
  const { place, text: rest } = extract(text, container, member)
  return Either.right({ text: rest, inverse: [{ path, value: slice(text, member.value), place }] })
}

/** The value with the objects that its path lacks around it. */
const wrap = (missing: Path, value: string): string =>
  missing.reduceRight<string>((inner, key) => `{${JSON.stringify(String(key))}:${inner}}`, value)

const emptyAfter = (base: Path, made: Path): Array<PatchOperation> =>
  made.map((_, index) => ({ path: [...base, ...made.slice(0, made.length - index)], value: null, ifEmpty: true }))

/** Sets what is not there yet: below the deepest object of the path that exists. */
const create = (text: string, root: JsonNode, operation: PatchOperation, value: string): Step => {
  const { path } = operation
  let depth = 0
  let node = root
  for (const key of path) {
    const below = memberAt(node, key)?.value
    if (below === undefined) break
    node = below
    depth += 1
  }
  const [known, missing] = [path.slice(0, depth), path.slice(depth)]
  const made = missing.slice(1)
  if (made.some((key) => typeof key === "number")) return refuse(path, "arrays are not made on the way")
  if (node.type === "null") {
    // Go writes null for an empty map: it is one.
    const inverse = [
      { path, value: null },
      ...emptyAfter(known, missing.slice(0, -1)),
      { path: known, value: "null", ifEmpty: true }
    ]
    if (typeof missing[0] === "number") return refuse(path, "arrays are not made on the way")
    return Either.right({ text: splice(text, node.offset, endOf(node), wrap(missing, value)), inverse })
  }
  const [key] = missing
  if (key === undefined || !isContainer(node)) return refuse(path, `${known.join(".") || "the root"} has no members`)
  if ((node.type === "array") !== (typeof key === "number"))
    return refuse(path, `${known.join(".") || "the root"} is an ${node.type}`)
  if (typeof key === "number" && key !== membersOf(node).length) return refuse(path, "the index is past the end")
  const place = made.length === 0 ? operation.place : undefined
  return Either.right({
    text: insert(text, node, key, wrap(made, value), place),
    inverse: [{ path, value: null }, ...emptyAfter(known, missing.slice(0, -1))]
  })
}

const step = (text: string, operation: PatchOperation): Step => {
  const { path } = operation
  const root = rootOf(text)
  if (root === undefined) return refuse([], "the text is not JSON")
  const node = nodeAt(root, path)
  if (operation.ifEmpty === true && (node?.type !== "object" || membersOf(node).length > 0)) return unchanged(text)
  if (operation.value === null) return remove(text, root, path)
  const value = trimJson(operation.value)
  if (rootOf(value) === undefined) return refuse(path, "the new value is not JSON")
  const container = nodeAt(root, path.slice(0, -1))
  const key = path.at(-1)
  // An element that is put back into an array pushes the others on.
  if (operation.place !== undefined && container?.type === "array" && key !== undefined && node !== undefined)
    return Either.right({
      text: insert(text, container, key, value, operation.place),
      inverse: [{ path, value: null }]
    })
  if (node === undefined) return create(text, root, operation, value)
  return replace(text, path, node, value)
}

/**
 * Applies the operations one after the other. Fails, changing nothing, if the text or a value is no JSON, a path leads
 * through a string, number or boolean, an index is past the end, or a key to remove is there twice.
 */
export const apply = (text: string, patch: Patch): Either.Either<Patched, SpecTextInvalid> => {
  let current = text
  const inverses: Array<Patch> = []
  for (const operation of patch) {
    const done = step(current, operation)
    if (Either.isLeft(done)) return Either.left(done.left)
    current = done.right.text
    inverses.push(done.right.inverse)
  }
  return Either.right({ text: current, inverse: inverses.reverse().flat() })
}
