/**
 * One request of a drill: GET on a connection of its own, as a client that has just come does it. A service, so that tests
 * answer themselves. Never tries twice: what such a client sees is what is measured.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

export interface Target {
  readonly url: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
}

export class Prober extends Context.Tag("@evenkeel/cli/Prober")<
  Prober,
  {
    /** Null for a whole answer with a status of 200 to 399, else what was wrong, for people. */
    readonly probe: (target: Target, timeoutMs: number) => Effect.Effect<string | null>
  }
>() {}

export const overHttp = Prober.of({
  probe: ({ headers, url }, timeoutMs) =>
    Effect.flatMap(
      Effect.promise(() => (url.startsWith("https:") ? import("node:https") : import("node:http"))),
      ({ request }) =>
        Effect.async<string | null>((resume) => {
          const end = (wrong: string | null) => resume(Effect.succeed(wrong))
          const sent = request(url, { headers, agent: false }, (response) => {
            const status = response.statusCode ?? 0
            response.on("error", () => end("the answer was cut off"))
            response.on("end", () => end(status >= 200 && status < 400 ? null : `status ${status}`))
            response.resume()
          })
          const timer = setTimeout(() => {
            end(`no whole answer within ${timeoutMs} ms`)
            sent.destroy()
          }, timeoutMs)
          sent.on("close", () => {
            clearTimeout(timer)
            end("the answer was cut off")
          })
          sent.on("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
          sent.end()
          return Effect.sync(() => {
            clearTimeout(timer)
            sent.destroy()
          })
        })
    )
})
