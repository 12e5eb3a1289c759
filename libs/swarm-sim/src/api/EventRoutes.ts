/**
 * `/events`: what happened, as far as it is remembered, and what happens, until the client leaves or `until` is reached (moby
 * `daemon/server/router/system/system_routes.go:getEvents`). Swarm-scope events only: there are no containers to speak of.
 */
import type { SwarmEvent } from "../swarm/SwarmPort.ts"
import * as Answer from "./Answer.ts"
import { isOlder } from "./EngineIdentity.ts"
import { badRequest } from "./EngineRefusal.ts"
import { Filters } from "./Filters.ts"
import { type Handler, type Route, route } from "./Route.ts"

/** One line of the stream; the times keep all their digits. */
export const eventLine = (event: SwarmEvent): string => {
  const actor = JSON.stringify({ ID: event.id, Attributes: event.attributes })
  const seconds = event.timeNanos / 1_000_000_000n
  return `{"Type":"${event.kind}","Action":"${event.action}","Actor":${actor},"scope":"swarm","time":${seconds},"timeNano":${event.timeNanos}}\n`
}

/** Nanoseconds of `1760000000` or `1760000000.123456789`; null for no time. Throws EngineRefusal 400. */
const nanosOf = (name: string, text: string | null): bigint | null => {
  if (text === null || text === "") return null
  const match = /^(-?\d+)(?:\.(\d{1,9}))?$/.exec(text)
  if (match?.[1] === undefined)
    throw badRequest(`invalid value for '${name}': failed to parse value as time: unsupported format: ${text}`)
  return BigInt(match[1]) * 1_000_000_000n + BigInt((match[2] ?? "").padEnd(9, "0"))
}

const kinds = ["daemon", "container", "plugin", "volume", "network", "node", "service", "secret", "config"]

/** moby `daemon/events/filter.go`. */
const isWanted = (filters: Filters, event: SwarmEvent): boolean => {
  const name = event.attributes["name"] ?? ""
  const names = (key: string) => filters.prefixes(key, event.id) || filters.prefixes(key, name)
  return (
    filters.equals("event", event.action) &&
    filters.equals("type", event.kind) &&
    filters.equals("scope", "swarm") &&
    kinds.every(names) &&
    filters.equals("image", event.id) &&
    filters.labels("label", event.attributes)
  )
}

const events: Handler = (request, engine) => {
  const since = nanosOf("since", request.query.get("since"))
  const until = nanosOf("until", request.query.get("until"))
  if (until !== null && since !== null && until < since)
    throw badRequest(
      `\`since\` time (${request.query.get("since")}) cannot be after \`until\` time (${request.query.get("until")})`
    )
  const filters = Filters.parse(request.query.get("filters"))
  const isInTime = ({ timeNanos }: SwarmEvent) =>
    (since === null || timeNanos >= since) && (until === null || timeNanos <= until)
  const isWithin = (event: SwarmEvent) => isInTime(event) && isWanted(filters, event)
  const past = since === null && until === null ? [] : engine.events.recent().filter(isWithin)
  const nowNanos = BigInt(Math.floor(engine.swarm.nowMillis())) * 1_000_000n
  const contentType = isOlder(request.apiVersion, "1.52") ? "application/json" : "application/jsonl"
  return Answer.stream(contentType, (sink) => {
    for (const event of past) sink.send(eventLine(event))
    if (until !== null && until <= nowNanos) {
      sink.end()
      return () => {}
    }
    const unlisten = engine.events.listen((event) => {
      if (isWithin(event)) sink.send(eventLine(event))
    })
    const cancel =
      until === null ? () => {} : engine.schedule(Number((until - nowNanos) / 1_000_000n), () => sink.end())
    return () => {
      unlisten()
      cancel()
    }
  })
}

export const routes: ReadonlyArray<Route> = [route("GET", "/events", events)]
