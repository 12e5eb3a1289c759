/**
 * One HTTP POST of JSON to an address that an operator has named: for webhook and consent hook. Follows no redirects. Of the
 * address only the host is ever told: everything else in it may be what lets its holder in.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

/** Represents a request that got no answer. */
export class PostFailed extends Schema.TaggedError<PostFailed>()("PostFailed", {
  /** As `shown` gives it. */
  url: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.url} gave no answer (${this.reason}): is it up, and can this container reach it?`
  }
}

export interface PostAnswer {
  readonly status: number
  /** At most the first 16 KiB. */
  readonly body: string
}

export class HttpPost extends Context.Tag("@evenkeel/rebalancer/HttpPost")<
  HttpPost,
  {
    /** Interruption aborts it; it has no time-out of its own. */
    readonly send: (url: URL, body: unknown) => Effect.Effect<PostAnswer, PostFailed>
  }
>() {}

const longestBody = 16 << 10

/** The address as it may be shown: chat services put the token into the path, others into the query or before the host. */
export const shown = (url: URL): string => `${url.origin}/…`

/** As it was meant; as it is where somebody wrote a `%` that begins nothing. */
const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The address without user and password, which `fetch` refuses, and these as the header that stands for them. */
const credentialsOf = (url: URL): { readonly bare: URL; readonly headers: Readonly<Record<string, string>> } => {
  if (url.username === "" && url.password === "") return { bare: url, headers: {} }
  const bare = new URL(url)
  bare.username = ""
  bare.password = ""
  const pair = `${decoded(url.username)}:${decoded(url.password)}`
  return { bare, headers: { authorization: `Basic ${Buffer.from(pair).toString("base64")}` } }
}

/** The system's word (`ECONNREFUSED`), else the runtime's sentence. */
const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error ? (error.cause ?? error) : error
  if (typeof cause === "object" && cause !== null && "code" in cause) return String(cause.code)
  return cause instanceof Error ? cause.message : String(cause)
}

const readBody = (response: Response): Promise<string> => {
  const decoder = new TextDecoder()
  const parts: Array<string> = []
  let size = 0
  const sink = new WritableStream<Uint8Array>({
    write(chunk, controller) {
      parts.push(decoder.decode(chunk.subarray(0, longestBody - size), { stream: true }))
      size += chunk.length
      if (size >= longestBody) controller.error(new Error("long enough"))
    }
  })
  const read = response.body?.pipeTo(sink) ?? Promise.resolve()
  return read
    .catch((error: unknown) => {
      if (size < longestBody) throw error
    })
    .then(() => parts.join(""))
}

/** By the runtime's own fetch. */
export const layer: Layer.Layer<HttpPost> = Layer.succeed(HttpPost, {
  send: (url, body) =>
    Effect.tryPromise({
      try: (signal) => {
        const { bare, headers } = credentialsOf(url)
        return fetch(bare, {
          method: "POST",
          headers: { ...headers, "content-type": "application/json", "user-agent": "evenkeel-rebalancer" },
          body: JSON.stringify(body),
          redirect: "manual",
          signal
        }).then((response) => readBody(response).then((text) => ({ status: response.status, body: text })))
      },
      catch: (error) => new PostFailed({ url: shown(url), reason: reasonOf(error) })
    })
})
