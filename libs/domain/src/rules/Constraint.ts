/**
 * Placement constraints as SwarmKit parses and matches them (swarmkit `manager/constraint/constraint.go`): `key == value` and
 * `key != value`, values compared whole and without regard to case. Says whether a node satisfies them, nothing else.
 */
import type { Node } from "../Node.ts"

export interface Constraint {
  readonly key: string
  readonly operator: "==" | "!="
  readonly value: string
}

const keyPattern = /^[a-z_][a-z0-9\-_.]+$/i
const valuePattern = /^[a-z0-9:\-_\s.*()?+[\]\\^$|/]+$/i

/** One constraint; null when SwarmKit would refuse it. As there, a text that holds both operators is split at `==`. */
export const parse = (text: string): Constraint | null => {
  const operator = text.includes("==") ? "==" : text.includes("!=") ? "!=" : null
  if (operator === null) return null
  const at = text.indexOf(operator)
  const key = text.slice(0, at).trim()
  const value = text.slice(at + 2).trim()
  return keyPattern.test(key) && valuePattern.test(value) ? { key, operator, value } : null
}

/**
 * All constraints of a service; null when one of them is invalid. SwarmKit's scheduler then applies none of them (its API
 * refuses such a service, so none should exist).
 */
export const parseAll = (texts: ReadonlyArray<string>): ReadonlyArray<Constraint> | null => {
  const constraints: Array<Constraint> = []
  for (const text of texts) {
    const constraint = parse(text)
    if (constraint === null) return null
    constraints.push(constraint)
  }
  return constraints
}

const nodeLabelPrefix = "node.labels."
const engineLabelPrefix = "engine.labels."

/** Whether the node satisfies every constraint. A key that SwarmKit does not know is satisfied by no node. */
export const nodeMatches = (constraints: ReadonlyArray<Constraint>, node: Node): boolean =>
  constraints.every((constraint) => matches(constraint, node))

const matches = (constraint: Constraint, node: Node): boolean => {
  const key = constraint.key.toLowerCase()
  if (key === "node.ip") return matchesAddress(constraint, node.address)
  const actual = valueOf(constraint.key, node)
  if (actual === null) return false
  return (constraint.value.toLowerCase() === actual.toLowerCase()) === (constraint.operator === "==")
}

/** The node's value for a key, `""` for a label that it lacks, null for a key that is not known. */
const valueOf = (key: string, node: Node): string | null => {
  switch (key.toLowerCase()) {
    case "node.id":
      return node.id
    case "node.hostname":
      return node.hostname
    case "node.role":
      return node.role
    case "node.platform.os":
      return node.platform.os
    case "node.platform.arch":
      return node.platform.architecture
    default:
      return labelOf(key, node)
  }
}

/**
 * The value of `node.labels.<name>` or `engine.labels.<name>`: the prefix in any case, the name exactly; `""` where the node
 * lacks it; null where the key is neither. Spread descriptors of preferences are read the same way.
 */
export const labelOf = (key: string, node: Node): string | null => {
  const lower = key.toLowerCase()
  for (const [prefix, labels] of [
    [nodeLabelPrefix, node.labels],
    [engineLabelPrefix, node.engineLabels]
  ] as const) {
    if (!lower.startsWith(prefix) || key.length === prefix.length) continue
    const name = key.slice(prefix.length)
    return Object.hasOwn(labels, name) ? (labels[name] ?? "") : ""
  }
  return null
}

const matchesAddress = ({ operator, value }: Constraint, nodeAddress: string): boolean => {
  const actual = parseAddress(nodeAddress)
  const [network = "", prefix, ...rest] = value.split("/")
  const expected = parseAddress(network)
  if (expected === null || rest.length > 0) return false
  const bits = prefix === undefined ? 128 : prefixBits(prefix, network)
  if (bits === null) return false
  const isWithin =
    actual !== null &&
    sameFamily(network, nodeAddress) &&
    actual >> BigInt(128 - bits) === expected >> BigInt(128 - bits)
  return isWithin === (operator === "==")
}

const sameFamily = (a: string, b: string): boolean => isVersion4(a) === isVersion4(b)

const isVersion4 = (text: string): boolean => !text.includes(":") || /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(text)

/** Leading bits to compare, of 128; null when the prefix length is not one. */
const prefixBits = (prefix: string, network: string): number | null => {
  if (!/^\d{1,3}$/.test(prefix)) return null
  const length = Number(prefix)
  if (!network.includes(":")) return length <= 32 ? length + 96 : null
  return length <= 128 ? length : null
}

/** An address as 128 bits, version 4 as its IPv4-mapped form; null for anything else. A zone is not part of the number. */
const parseAddress = (text: string): bigint | null => {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) {
    const bytes = text.split(".").map(Number)
    if (bytes.some((byte) => byte > 255)) return null
    return 0xffff_0000_0000n | bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  }
  if (!text.includes(":")) return null
  const withMapped = text.replace(/(\d{1,3}(?:\.\d{1,3}){3})$/, (dotted) => {
    const mapped = parseAddress(dotted)
    return mapped === null ? "x" : `${((mapped >> 16n) & 0xffffn).toString(16)}:${(mapped & 0xffffn).toString(16)}`
  })
  const halves = withMapped.split("::")
  if (halves.length > 2) return null
  const [head, tail] = halves.map((half) => (half === "" ? [] : half.split(":")))
  const missing = 8 - (head?.length ?? 0) - (tail?.length ?? 0)
  if (tail === undefined ? missing !== 0 : missing < 1) return null
  const words = [...(head ?? []), ...Array<string>(missing).fill("0"), ...(tail ?? [])]
  if (!words.every((word) => /^[0-9a-f]{1,4}$/i.test(word))) return null
  return words.reduce((sum, word) => (sum << 16n) | BigInt(parseInt(word, 16)), 0n)
}
