/**
 * A health probe for an image's HEALTHCHECK: exit code 0 where the URL answers 2xx within a second, else 1 with the reason on
 * stderr. It imports node:http alone, since it starts anew for every check.
 */
import { get } from "node:http"

const timeoutMillis = 1_000

/** Asks `url`; `done` gets 0 or 1 and, for 1, why. */
export const probe = (url: string, done: (exitCode: 0 | 1, reason: string) => void): void => {
  let answered = false
  const finish = (exitCode: 0 | 1, reason: string) => {
    if (answered) return
    answered = true
    done(exitCode, reason)
  }
  const request = get(url, { agent: false, headers: { connection: "close" } }, (response) => {
    response.resume()
    const status = response.statusCode ?? 0
    clearTimeout(timer)
    if (status >= 200 && status < 300) finish(0, "")
    else finish(1, `${url} answered ${status}`)
  })
  const timer = setTimeout(() => {
    finish(1, `${url} did not answer within ${timeoutMillis} ms`)
    request.destroy()
  }, timeoutMillis)
  request.on("error", (error) => {
    clearTimeout(timer)
    finish(1, `${url}: ${error.message}`)
  })
}

/** Probes the program's first argument, else `fallback`, and ends the process. */
export const main = (fallback: string): void => {
  const url = process.argv[2] ?? fallback
  if (!URL.canParse(url)) {
    process.stderr.write(`healthcheck: ${url} is not a URL; give e.g. ${fallback}\n`)
    process.exit(64)
  }
  probe(url, (exitCode, reason) => {
    if (reason !== "") process.stderr.write(`healthcheck: ${reason}\n`)
    process.exit(exitCode)
  })
}
