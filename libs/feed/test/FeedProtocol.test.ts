import { describe, expect, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as BearerToken from "../src/BearerToken.ts"
import * as Protocol from "../src/FeedProtocol.ts"
import { service, table } from "./feed.fixture.ts"

const version: Protocol.FeedVersion = { instance: "i", sequence: 1, raftIndex: 1, quorum: true, confirmedAtMillis: 1 }

describe("FeedProtocol", () => {
  it("ignores types and fields that this release does not know", () => {
    expect(Protocol.decodeServerMessage('{"type":"weather","sky":"blue"}', "x")).toEqual(Either.right(undefined))
    const text = JSON.stringify({ type: "heartbeat", version: { ...version, colour: "red" }, mood: "good" })
    expect(Protocol.decodeServerMessage(text, "x")).toEqual(Either.right({ type: "heartbeat", version }))
  })

  it("gives back the table it was given", () => {
    const sent = table(service("web", ["10.0.0.1"]))
    const frame = Protocol.encodeServerMessage({ type: "table", version, table: sent })
    const message = Either.getOrThrow(Protocol.decodeServerMessage(frame, "x"))
    expect(message).toEqual({ type: "table", version, table: sent })
  })

  it("reads a table of the release before this one, and one of the release after it", () => {
    const sent = table(service("web", ["10.0.0.1"]))
    const frame = (change: (of: Record<string, unknown>, route: Record<string, unknown>) => void) => {
      const message = JSON.parse(Protocol.encodeServerMessage({ type: "table", version, table: sent }))
      change(message.table.services[0], message.table.routes[0])
      return Protocol.decodeServerMessage(JSON.stringify(message), "x")
    }
    const added = ["verifyName", "health", "hedgeAfter", "weights", "redirect"]
    const before = frame((of, route) => {
      for (const name of added) {
        delete of[name]
        delete route[name]
      }
    })
    expect(before).toEqual(Either.right({ type: "table", version, table: sent }))
    const after = frame((of, route) => {
      of["loadBalancing"] = "telepathic"
      of["colour"] = "red"
      route["mood"] = { good: true }
    })
    expect(after).toEqual(Either.right({ type: "table", version, table: sent }))
  })

  it.each([
    ["not json", "{"],
    ["no object", "3"],
    ["no type", "{}"],
    ["a field is missing", '{"type":"hello","protocol":1}'],
    ["a field is wrong", JSON.stringify({ type: "heartbeat", version: { ...version, sequence: -1 } })]
  ])("says what is malformed: %s", (_, text) => {
    const error = Option.getOrThrow(Either.getLeft(Protocol.decodeServerMessage(text, "ws://peer")))
    expect(error._tag).toBe("FeedMessageMalformed")
    expect(error.message).toContain("malformed feed message from ws://peer")
    expect(Either.isLeft(Protocol.decodeClientMessage(text.replace("heartbeat", "hello"), "router"))).toBe(true)
  })
})

describe("BearerToken", () => {
  const token = Redacted.make("s3cret")
  it("matches its own header and no other", () => {
    expect(BearerToken.matches(token, BearerToken.header(token))).toBe(true)
    expect(BearerToken.matches(token, "bearer s3cret")).toBe(true)
    for (const wrong of [
      undefined,
      "",
      "Bearer",
      "Bearer ",
      "Bearer s3cre",
      "Bearer s3cret2",
      "Basic s3cret",
      "s3cret"
    ])
      expect(BearerToken.matches(token, wrong)).toBe(false)
    expect(BearerToken.matches(Redacted.make(""), "Bearer ")).toBe(false)
  })
})
