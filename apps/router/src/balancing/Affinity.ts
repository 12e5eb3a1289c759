/**
 * What of a request binds it to an endpoint: the key of `hash:…`, or the endpoint that a `sticky` cookie names. One object
 * serves a client's connection; it is filled only for targets whose policy wants it. A request without the field, cookie or
 * segment that is hashed has no key and is spread like any other.
 */
import type { FieldLines } from "@evenkeel/http1/FieldLines"
import type { RequestHead } from "@evenkeel/http1/RequestHead"
import type { Endpoint } from "../proxy/Endpoint.ts"
import { hashOf } from "./Hashing.ts"
import type { KeySource } from "./Policy.ts"

/** In place of a hash, which is never negative. */
export const noKey = -1

export class Affinity {
  key = noKey
  /** Whom the cookie names; null without one, with a forged one, and when its task is gone. */
  endpoint: Endpoint | null = null
}

/** The hash of the request's key, or `noKey`. */
export const keyOf = (head: RequestHead, source: KeySource): number => {
  const text = keyText(head, source)
  return text === "" ? noKey : hashOf(text)
}

const keyText = (head: RequestHead, source: KeySource): string => {
  switch (source.from) {
    case "header":
      return headerValue(head.fields, source.name)
    case "cookie":
      return cookieValue(head.fields, source.name)
    case "path":
      return pathSegment(head.path, source.segment)
  }
}

/** The value of the first field called `name` (lower case); empty if there is none. */
export const headerValue = (fields: FieldLines, name: string): string => {
  for (let i = 0; i < fields.count; i++) {
    if (fields.isCalled(i, name)) return fields.value(i)
  }
  return ""
}

/** The value of the first cookie called `name` (RFC 6265 §4.2; names are case-sensitive); empty if there is none. */
export const cookieValue = (fields: FieldLines, name: string): string => {
  for (let i = 0; i < fields.count; i++) {
    if (!fields.isCalled(i, "cookie")) continue
    for (const pair of fields.value(i).split(";")) {
      const trimmed = pair.trim()
      if (trimmed.startsWith(name) && trimmed[name.length] === "=") return trimmed.slice(name.length + 1)
    }
  }
  return ""
}

/** The n-th segment of a path, from 1, as it was sent; empty if there are fewer. */
export const pathSegment = (path: string, n: number): string => {
  const query = path.indexOf("?")
  const end = query === -1 ? path.length : query
  let from = 1
  for (let i = 1; ; i++) {
    const slash = path.indexOf("/", from)
    const to = slash === -1 || slash > end ? end : slash
    if (i === n) return path.slice(from, Math.max(from, to))
    if (to >= end) return ""
    from = to + 1
  }
}
