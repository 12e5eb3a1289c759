/** Waits until routers answer for the workload: a task may run before its router has been told where to send anything. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { get } from "node:http"
import { poll } from "./Poll.ts"

export class RouterSilent extends Schema.TaggedError<RouterSilent>()("RouterSilent", {
  url: Schema.String,
  seconds: Schema.Number
}) {
  override get message() {
    return `the router at ${this.url} did not answer for the workload within ${this.seconds} s; see its task's log`
  }
}

const patienceSeconds = 60

const serves = (url: string): Effect.Effect<boolean> =>
  Effect.async((resume) => {
    const request = get(url, { agent: false, headers: { host: "vvm" }, timeout: 2_000 }, (response) => {
      response.resume()
      resume(Effect.succeed(response.statusCode === 200))
    })
    request.on("timeout", () => request.destroy(new Error("no answer")))
    request.on("error", () => resume(Effect.succeed(false)))
    return Effect.sync(() => request.destroy())
  })

/** Each of the routers has answered 200 for the group `vvm`. */
export const awaitServing = (urls: ReadonlyArray<string>) =>
  Effect.forEach(
    urls,
    (url) =>
      poll(serves(url), "200 millis", (serving) => serving).pipe(
        Effect.timeoutFail({
          duration: patienceSeconds * 1_000,
          onTimeout: () => new RouterSilent({ url, seconds: patienceSeconds })
        })
      ),
    { concurrency: "unbounded", discard: true }
  )
