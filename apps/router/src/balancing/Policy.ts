/** `evenkeel.lb` as the router uses it: which picker, and what it wants to know of a request. */
import type { LoadBalancing } from "@evenkeel/domain/LoadBalancing"

/** Where a request's key is found. */
export type KeySource =
  | { readonly from: "header" | "cookie"; /** For headers lower case. */ readonly name: string }
  | { readonly from: "path"; /** From 1. */ readonly segment: number }

export interface Policy {
  readonly label: LoadBalancing
  readonly kind: "ewma" | "least" | "round-robin" | "hash" | "sticky"
  /** For `hash` only. */
  readonly key: KeySource | null
}

const keySourceOf = (label: LoadBalancing): KeySource => {
  const [, from, ...rest] = label.split(":")
  const name = rest.join(":")
  if (from === "path") return { from, segment: Number(name) }
  return from === "cookie" ? { from, name } : { from: "header", name: name.toLowerCase() }
}

export const policyOf = (label: LoadBalancing): Policy =>
  label === "ewma" || label === "least" || label === "round-robin" || label === "sticky"
    ? { label, kind: label, key: null }
    : { label, kind: "hash", key: keySourceOf(label) }

export const defaultPolicy: Policy = policyOf("ewma")
