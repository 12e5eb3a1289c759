/**
 * The certificate under which a rebalancer serves its API and the feed; without one both are served plainly. Says at the start
 * what is wrong with it, instead of leaving every router to find out. It is read once: a Docker secret never changes, so that a
 * new certificate comes with an update of the service.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { createPrivateKey, X509Certificate } from "node:crypto"
import * as Telling from "./Telling.ts"

/** PEM, as `node:https` takes it. */
export interface FeedTls {
  readonly cert: string
  readonly key: string
}

const certificateVariable = "EVENKEEL_REBALANCER_FEED_TLS_CERT"
const keyVariable = "EVENKEEL_REBALANCER_FEED_TLS_KEY"

/** Represents a certificate, or a key, that nothing can be served under. */
export class FeedTlsUnusable extends Schema.TaggedError<FeedTlsUnusable>()("FeedTlsUnusable", {
  variable: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `cannot serve the feed over TLS: ${this.variable} ${this.reason}`
  }
}

const unusable = (variable: string, reason: string) => new FeedTlsUnusable({ variable, reason })

const dayMillis = 86_400_000
/** So long before its end a certificate is told of. */
const renewMillis = 14 * dayMillis

const checked = (cert: string, key: Redacted.Redacted) =>
  Effect.gen(function* () {
    const certificate = yield* Effect.try({
      try: () => new X509Certificate(cert),
      catch: () => unusable(certificateVariable, "is no certificate in PEM; give the server's certificate first")
    })
    const isPair = yield* Effect.try({
      try: () => certificate.checkPrivateKey(createPrivateKey(Redacted.value(key))),
      catch: () => unusable(keyVariable, "is no private key in PEM without a passphrase")
    })
    if (!isPair) return yield* unusable(keyVariable, `does not belong to the certificate of ${certificateVariable}`)
    const left = certificate.validToDate.getTime() - (yield* Clock.currentTimeMillis)
    if (left < renewMillis)
      yield* Telling.warning(
        "feed-certificate",
        left < 0
          ? "the feed's certificate has ended: routers refuse it; deploy a new one"
          : "the feed's certificate ends soon; deploy a new one",
        { subject: certificate.subject, ends: certificate.validTo }
      )
    return { cert, key: Redacted.value(key) }
  })

/** Null where neither is given; fails where one is missing or they cannot be used. */
export const load = Effect.fn("FeedTls.load")(function* (given: {
  readonly feedCertificate: Option.Option<string>
  readonly feedKey: Option.Option<Redacted.Redacted>
}): Effect.fn.Return<FeedTls | null, FeedTlsUnusable> {
  const { feedCertificate: certificate, feedKey: key } = given
  if (Option.isNone(certificate) && Option.isNone(key)) return null
  if (Option.isNone(certificate)) return yield* unusable(certificateVariable, `is not set, but ${keyVariable} is`)
  if (Option.isNone(key)) return yield* unusable(keyVariable, `is not set, but ${certificateVariable} is`)
  return yield* checked(certificate.value, key.value)
})
