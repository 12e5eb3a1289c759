/** One line a decision, and none while it stays the same: a decision is told again only when more than times in it changed. */
import * as Effect from "effect/Effect"
import type { Engaged } from "@evenkeel/executor/brakes/Brake"
import type { Decision } from "@evenkeel/executor/Decision"
import * as Telling from "./Telling.ts"

const gist = (decision: Decision): string => {
  const because = "because" in decision ? decision.because.replaceAll(/\d+/g, "#") : ""
  const service = "service" in decision ? decision.service.id : ""
  return `${decision._tag} ${service} ${because}`
}

/** Logs `now` where it differs from `before`. Begin, Restore and Settle are told where they are carried out. */
export const logChange = (before: Decision, now: Decision, engaged: ReadonlyArray<Engaged>): Effect.Effect<void> => {
  if (gist(before) === gist(now)) return Effect.void
  const brakes = [...new Set(engaged.map(({ brake }) => brake))].join(",")
  const about = { decision: now._tag.toLowerCase(), ...(brakes === "" ? {} : { brakes }) }
  if (now._tag === "Idle") return Telling.info("decision", `idle: ${now.because}`, about)
  if (now._tag === "Hold")
    return Telling.warning("decision", `move of ${now.service.name} held: ${now.because}`, {
      ...about,
      service: now.service.name
    })
  return Effect.void
}
