/**
 * The datagram by which routers hear one another: `evenkeel1 <beat|bye> <node> <start> <sequence> <mac>`. `start` tells one run of a
 * router from the next, `sequence` rises within it, and `mac` is HMAC-SHA256 of what precedes it under the shared token, `-`
 * without one. A packet that was recorded and sent again is refused by its sequence. Pure.
 *
 * A later release may put more words before `mac`, and other kinds: the words are passed over, and a kind that is not known is a
 * beat, since whoever sends it lives. Only a change that this release would misunderstand gets another number than `evenkeel1`;
 * its release goes on sending these too, for one release.
 */
import { NodeId } from "@evenkeel/domain/Ids"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { createHmac, timingSafeEqual } from "node:crypto"

export interface HeartbeatPacket {
  readonly kind: "beat" | "bye"
  readonly node: NodeId
  /** Unique for every start of a router. */
  readonly start: string
  readonly sequence: number
}

/** Longest datagram that is looked at. */
const maxBytes = 512

const mac = (text: string, token: Option.Option<Redacted.Redacted>): string =>
  Option.match(token, {
    onNone: () => "-",
    onSome: (key) => createHmac("sha256", Redacted.value(key)).update(text).digest("base64url")
  })

export const encode = (packet: HeartbeatPacket, token: Option.Option<Redacted.Redacted>): Buffer => {
  const text = `evenkeel1 ${packet.kind} ${packet.node} ${packet.start} ${packet.sequence}`
  return Buffer.from(`${text} ${mac(text, token)}`)
}

/** None for anything that was not sent by a holder of `token`. */
export const decode = (
  datagram: Uint8Array,
  token: Option.Option<Redacted.Redacted>
): Option.Option<HeartbeatPacket> => {
  if (datagram.length > maxBytes) return Option.none()
  const text = Buffer.from(datagram).toString("latin1")
  const match = /^(evenkeel1 ([a-z]+) ([!-~]+) ([!-~]+) (\d{1,15})(?: [!-~]+)*) ([\w-]+)$/.exec(text)
  if (match === null) return Option.none()
  const [, signed = "", kind, node = "", start = "", sequence, given = ""] = match
  const expected = Buffer.from(mac(signed, token))
  const actual = Buffer.from(given)
  if (expected.length !== actual.length || !timingSafeEqual(expected, actual)) return Option.none()
  return Option.some({
    kind: kind === "bye" ? "bye" : "beat",
    node: NodeId.make(node),
    start,
    sequence: Number(sequence)
  })
}

/** The last packet taken from each node. */
export type LastTaken = ReadonlyMap<NodeId, { readonly start: string; readonly sequence: number }>

/** Whether `packet` is newer than the last one of its run. */
export const isFresh = (last: LastTaken, packet: HeartbeatPacket): boolean => {
  const before = last.get(packet.node)
  return before?.start !== packet.start || packet.sequence > before.sequence
}
