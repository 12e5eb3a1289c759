/** From host and path to a target: the longest path whose segments begin the request's, host `*` where no host matches. */
import type { Target } from "./Target.ts"

export interface RouteEntry {
  readonly host: string
  /** Begins with `/`; without a final `/` unless it is all there is. */
  readonly path: string
  readonly strip: boolean
  /** Where a request that came over plain HTTP is sent instead. */
  readonly redirect: "https" | null
  readonly target: Target
}

export class RouteIndex {
  readonly entries: ReadonlyArray<RouteEntry>
  private readonly byHost = new Map<string, Array<RouteEntry>>()

  constructor(entries: ReadonlyArray<RouteEntry>) {
    this.entries = entries
    for (const entry of entries) {
      const host = entry.host.toLowerCase()
      const list = this.byHost.get(host)
      if (list === undefined) this.byHost.set(host, [entry])
      else list.push(entry)
    }
    for (const list of this.byHost.values()) list.sort((a, b) => b.path.length - a.path.length)
  }

  /** `host` lower case without port and final dot; `path` with or without a query, or `*`. */
  find(host: string, path: string): RouteEntry | null {
    return this.findIn(this.byHost.get(host), path) ?? this.findIn(this.byHost.get("*"), path)
  }

  private findIn(entries: ReadonlyArray<RouteEntry> | undefined, path: string): RouteEntry | null {
    if (entries === undefined) return null
    for (const entry of entries) if (matches(entry.path, path)) return entry
    return null
  }
}

const slash = 47
const question = 63

const matches = (prefix: string, path: string): boolean => {
  if (prefix === "/") return true
  if (!path.startsWith(prefix)) return false
  const next = path.charCodeAt(prefix.length)
  return path.length === prefix.length || next === slash || next === question
}

/** `path` without `prefix`, which begins it. */
export const stripPrefix = (path: string, prefix: string): string => {
  if (prefix === "/") return path
  const rest = path.slice(prefix.length)
  return rest.startsWith("/") ? rest : `/${rest}`
}
