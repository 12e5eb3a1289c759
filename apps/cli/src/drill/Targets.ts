/** What `--url` and `--header` ask for, or what is wrong with them. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { isHttpUrl } from "../HttpUrl.ts"
import type { Target } from "./Prober.ts"

/** Represents URLs or headers that no request can be made of. Nothing was changed. */
export class TargetWrong extends Schema.TaggedError<TargetWrong>()("TargetWrong", { reason: Schema.String }) {
  override get message(): string {
    return this.reason
  }
}

const wrong = (reason: string) => new TargetWrong({ reason })

/** RFC 9110 §5.6.2: a token. */
const fieldName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** RFC 9110 §5.5, and nothing beyond Latin-1. */
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/

const headerOf = (text: string) => {
  const at = text.indexOf(":")
  const name = text.slice(0, Math.max(0, at)).trim()
  const value = text.slice(at + 1).trim()
  return fieldName.test(name) && fieldValue.test(value)
    ? Effect.succeed([name.toLowerCase(), value] as const)
    : wrong(`--header "${text}": expected a name and a value, such as "Host: web"`)
}

const urlOf = (text: string) =>
  isHttpUrl(text) ? Effect.succeed(text) : wrong(`--url ${text}: expected a URL such as http://n1:8080/`)

export const of = Effect.fn("Targets.of")(function* (urls: ReadonlyArray<string>, headers: ReadonlyArray<string>) {
  if (urls.length === 0)
    return yield* wrong(
      "a drill needs something to ask for: name it, such as --url http://n1:8080/ --header 'Host: web'"
    )
  const fields = Object.fromEntries(yield* Effect.forEach(headers, headerOf))
  return yield* Effect.forEach(urls, (text) => Effect.map(urlOf(text), (url): Target => ({ url, headers: fields })))
})
