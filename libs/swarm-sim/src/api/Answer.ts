/** What a route answers: a whole body, chunks of one, or a stream that lives as long as its client. Knows no sockets. */
import type { EngineJson } from "../swarm/SwarmPort.ts"
import { write, writeList, writeTexts } from "./EngineText.ts"

export interface Sink {
  readonly send: (text: string) => void
  readonly end: () => void
}

export interface Answer {
  readonly status: number
  readonly contentType: string | null
  readonly headers?: Readonly<Record<string, string>>
  readonly body:
    | { readonly kind: "text"; readonly text: string }
    | { readonly kind: "chunks"; readonly chunks: Iterable<string> }
    /** Answers how to stop it, when the client is gone. */
    | { readonly kind: "stream"; readonly open: (sink: Sink) => () => void }
}

const jsonType = "application/json"

/** An object of the store, in the text that is kept of it. */
export const object = (value: EngineJson): Answer => ({
  status: 200,
  contentType: jsonType,
  body: { kind: "text", text: `${write(value)}\n` }
})

/** A value made for this answer. */
export const json = (value: unknown, status = 200): Answer => ({
  status,
  contentType: jsonType,
  body: { kind: "text", text: `${JSON.stringify(value)}\n` }
})

export const list = (objects: Iterable<EngineJson>): Answer => ({
  status: 200,
  contentType: jsonType,
  body: { kind: "chunks", chunks: writeList(objects) }
})

/** Of objects that are texts already. */
export const listOfTexts = (texts: Iterable<string>): Answer => ({
  status: 200,
  contentType: jsonType,
  body: { kind: "chunks", chunks: writeTexts(texts) }
})

/** No content: 200 for most writes, 204 for removals of networks, secrets and configs. */
export const empty = (status = 200): Answer => ({ status, contentType: null, body: { kind: "text", text: "" } })

export const text = (value: string): Answer => ({
  status: 200,
  contentType: "text/plain; charset=utf-8",
  body: { kind: "text", text: value }
})

export const stream = (contentType: string, open: (sink: Sink) => () => void): Answer => ({
  status: 200,
  contentType,
  body: { kind: "stream", open }
})

export const refusal = (status: number, message: string): Answer => json({ message }, status)
