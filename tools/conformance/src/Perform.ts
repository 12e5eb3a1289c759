/**
 * Does one step's action on a target, as an operator's client would, and says what of the answer is compared. Waits for
 * nothing.
 */
import * as Effect from "effect/Effect"
import { at, type EngineObject, isObject, mergePatch, parseOrText, shapeOf, textAt } from "./EngineValue.ts"
import { type Names, objectName } from "./Names.ts"
import type { Action, Step } from "./Scenario.ts"
import type { EngineAnswer, Target, TargetFailed } from "./Target.ts"
import type { Answer } from "./Trace.ts"

/** The API version that scenarios speak: that of the engine that the recordings are of. */
export const apiPrefix = "/v1.41"

/** Whom to ask, and what ids are called. */
export interface Acting {
  readonly target: Target
  readonly names: Names
}

/** Does a step's action; gives the answer, null where there is none. */
export const perform = (action: Action, { target, names }: Acting): Effect.Effect<Answer | null, TargetFailed> => {
  const send = (method: string, path: string, body?: unknown, node = target.manager()) =>
    target.call({
      node,
      method,
      path: path.startsWith("//") ? path.slice(1) : `${apiPrefix}${withIds(path)}`,
      ...(body === undefined ? {} : { body: withIds(typeof body === "string" ? body : JSON.stringify(body)) })
    })
  const withIds = (text: string) =>
    text.replace(/\{(service|task|node|network|secret|config):([^}]+)\}/g, (_, kind: string, name: string) => {
      return names.idOf(kind, name) ?? `no-${kind}-${name}`
    })
  const read = (path: string) => Effect.map(send("GET", path), ({ text }) => parseOrText(text))
  const update = (service: string, patch: EngineObject, how: Extract<Action, { do: "update" }> | null) =>
    Effect.gen(function* () {
      const query = how?.insertDefaults === true ? "?insertDefaults=true" : ""
      const found = yield* read(`/services/${service}${query}`)
      const version = how?.version === "none" ? "" : `version=${versionOf(found, how?.version === "stale")}`
      const rollback = how === null ? "&rollback=previous" : ""
      return yield* send(
        "POST",
        `/services/${service}/update?${version}${rollback}`,
        mergePatch(at(found, "Spec"), patch)
      )
    })
  switch (action.do) {
    case "create":
      return Effect.map(send("POST", "/services/create", action.spec), answerOf)
    case "update":
      return Effect.map(update(action.service, action.patch, action), answerOf)
    case "rollback":
      return Effect.map(update(action.service, {}, null), answerOf)
    case "remove":
      return Effect.map(send("DELETE", `/services/${action.service}`), answerOf)
    case "node":
      return Effect.gen(function* () {
        const found = yield* read(`/nodes/${names.idOf("node", action.node) ?? action.node}`)
        const version = versionOf(found, action.version === "stale")
        const spec = mergePatch(at(found, "Spec"), action.patch)
        return answerOf(yield* send("POST", `/nodes/${textAt(found, "ID")}/update?version=${version}`, spec))
      })
    case "fault":
      return Effect.as(target.fault(action.fault, action.node), null)
    case "call":
      return Effect.map(send(action.method, action.path, action.body, action.node), answerOf)
    case "docker":
      return Effect.map(target.docker(action.args, action.files ?? {}), ({ exitCode, stdout, stderr }) => ({
        status: exitCode,
        body: `${stdout}${stderr}`
          .split("\n")
          .filter((line) => line.trim() !== "")
          .toSorted()
      }))
    case "wait":
      return Effect.succeed(null)
  }
}

const versionOf = (object: unknown, stale: boolean): string => {
  const index = BigInt(String(JSON.stringify(at(object, "Version", "Index")) ?? "0"))
  return String(stale ? index - 1n : index)
}

const answerOf = ({ status, text }: EngineAnswer): Answer => ({ status, body: parseOrText(text) })

/** What is compared of an answer: errors whole, of good ones what the step keeps. */
export const normal = (answer: Answer | null, step: Step, names: Names): Answer | null => {
  if (answer === null) return null
  const whole = { status: answer.status, body: names.value(answer.body) }
  if (step.do === "docker" || answer.status >= 400) return whole
  const warnings = at(answer.body, "Warnings")
  const keep = step.do === "call" ? (step.keep ?? "status") : "status"
  if (keep === "body") return whole
  if (keep === "shape") return { status: answer.status, body: shapeOf(answer.body) }
  if (keep === "names") return { status: answer.status, body: namesIn(answer.body, names) }
  return { status: answer.status, ...(warnings === undefined ? {} : { body: { Warnings: warnings } }) }
}

/** Names of the listed objects, tasks by their stable names, sorted. */
const namesIn = (body: unknown, names: Names): ReadonlyArray<string> =>
  (Array.isArray(body) ? body : [body])
    .filter(isObject)
    .map((object) => names.nameOf(textAt(object, "ID") || textAt(object, "Id")) ?? objectName(object))
    .toSorted()
