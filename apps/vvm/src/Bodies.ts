/**
 * Bodies a client can verify: pseudo-random bytes that a seed determines, and SHA-256 digests in the form of RFC 3230
 * (`Digest: sha-256=<base64>`). Serves `/bytes`, `/echo` and `/upload`, all of them streamed with back-pressure.
 */
import { createHash, hash } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"

const chunkBytes = 16 * 1024
/** Above this a body of known length is sent without a digest: hashing it first would stall every other request. */
const digestFirstLimit = 4 * 1024 * 1024
/** The largest body `/bytes` makes: 1 GiB. */
export const largestBody = 1024 * 1024 * 1024

/** Yields `length` bytes that depend on `seed` alone (Marsaglia's xorshift32, little-endian words). */
export function* pseudoRandomBytes(length: number, seed: number): Generator<Buffer, void> {
  let state = (seed ^ 0x9e3779b9) | 0
  if (state === 0) state = 0x6d2b79f5
  for (let sent = 0; sent < length;) {
    const words = new Uint32Array(chunkBytes / 4)
    for (let index = 0; index < words.length; index++) {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      words[index] = state
    }
    const size = Math.min(chunkBytes, length - sent)
    yield Buffer.from(words.buffer, 0, size)
    sent += size
  }
}

/** The value of a `Digest` field for a whole body. */
export const digestOf = (body: Buffer | string): string => `sha-256=${hash("sha256", body, "base64")}`

/**
 * Answers `length` bytes of `seed`. Of known length with the digest in the head, or chunked with the digest in the trailer.
 * Rejects when the client goes away.
 */
export const sendBytes = async (
  response: ServerResponse,
  body: { readonly length: number; readonly seed: number; readonly chunked: boolean; readonly head: boolean }
): Promise<void> => {
  response.setHeader("content-type", "application/octet-stream")
  if (!body.chunked) {
    response.setHeader("content-length", body.length)
    if (body.length <= digestFirstLimit) {
      const sum = createHash("sha256")
      for (const chunk of pseudoRandomBytes(body.length, body.seed)) sum.update(chunk)
      response.setHeader("digest", `sha-256=${sum.digest("base64")}`)
    }
  } else {
    response.setHeader("trailer", "Digest")
  }
  if (body.head) {
    response.end()
    return
  }
  const sum = createHash("sha256")
  const chunks = function* () {
    for (const chunk of pseudoRandomBytes(body.length, body.seed)) {
      if (body.chunked) sum.update(chunk)
      yield chunk
    }
  }
  await pipeline(Readable.from(chunks()), response, { end: false })
  if (body.chunked) response.addTrailers({ Digest: `sha-256=${sum.digest("base64")}` })
  response.end()
}

/** Sends a request's body back as it comes, chunked, with its digest in the trailer. */
export const echo = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  response.setHeader("content-type", request.headers["content-type"] ?? "application/octet-stream")
  response.setHeader("trailer", "Digest")
  const sum = createHash("sha256")
  const tap = async function* (body: AsyncIterable<Buffer>) {
    for await (const chunk of body) {
      sum.update(chunk)
      yield chunk
    }
  }
  await pipeline(request, tap, response, { end: false })
  response.addTrailers({ Digest: `sha-256=${sum.digest("base64")}` })
  response.end()
}

/** Reads a request's body to its end and tells its length and hexadecimal SHA-256. */
export const measureBody = async (
  request: IncomingMessage
): Promise<{ readonly length: number; readonly sha256: string }> => {
  const sum = createHash("sha256")
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sum.update(chunk)
    length += chunk.length
  }
  return { length, sha256: sum.digest("hex") }
}
