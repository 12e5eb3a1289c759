/**
 * Certificates from files, such as Docker secrets: which files the setting means, reading them, and reading them anew when they
 * change. A change is noticed within two seconds, at once by SIGHUP. Files that have become unreadable or wrong are reported
 * once, and the certificates before them stay in force.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { readdir, readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { Certificates, CertificateWrong, type KeyPair } from "./Certificates.ts"

/** Represents a certificate or key that cannot be read or used. */
export class TlsCertificateUnusable extends Schema.TaggedError<TlsCertificateUnusable>()("TlsCertificateUnusable", {
  file: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `cannot use the certificate ${this.file} (${this.reason}); check EVENKEEL_ROUTER_TLS_CERTIFICATES and the files`
  }
}

/** How often the files are looked at. */
const recheckMillis = 2_000
const certificateEndings = [".crt", ".pem"]
/** Certificates that end sooner are told of. */
const soonMillis = 14 * 24 * 3_600_000

const unusable = (file: string, error: unknown): TlsCertificateUnusable => {
  const reason = error instanceof Error ? ("code" in error ? String(error.code) : error.message) : String(error)
  return new TlsCertificateUnusable({ file, reason })
}

const read = (file: string): Effect.Effect<string, TlsCertificateUnusable> =>
  Effect.tryPromise({ try: () => readFile(file, "utf8"), catch: (error) => unusable(file, error) })

/** `site.crt` or `site.pem` beside `site.key`, for every such pair in the directory. */
const pairsIn = (directory: string): Effect.Effect<ReadonlyArray<readonly [string, string]>, TlsCertificateUnusable> =>
  Effect.tryPromise({
    try: async () => {
      const files = (await readdir(directory)).toSorted()
      return files.flatMap((file) => {
        const ending = certificateEndings.find((one) => file.endsWith(one))
        const key = ending === undefined ? "" : `${file.slice(0, -ending.length)}.key`
        return files.includes(key) ? [[join(directory, file), join(directory, key)] as const] : []
      })
    },
    catch: (error) => unusable(directory, error)
  })

/** An item of the setting: `certificate:key`, or a directory with pairs. */
const pairsOf = (item: string): Effect.Effect<ReadonlyArray<readonly [string, string]>, TlsCertificateUnusable> =>
  Effect.gen(function* () {
    const [certificate = "", key] = item.split(":")
    if (key !== undefined) return [[certificate, key] as const]
    const isDirectory = yield* Effect.tryPromise({
      try: async () => (await stat(item)).isDirectory(),
      catch: (error) => unusable(item, error)
    })
    if (isDirectory) return yield* pairsIn(item)
    const reason = "it is no directory; write certificate:key for a pair of files"
    return yield* new TlsCertificateUnusable({ file: item, reason })
  })

/** What the files hold now. */
const readAll = (items: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<KeyPair>, TlsCertificateUnusable> =>
  Effect.forEach(items, pairsOf).pipe(
    Effect.flatMap((pairs) =>
      Effect.forEach(pairs.flat(), ([file, keyFile]) =>
        Effect.map(Effect.all([read(file), read(keyFile)]), ([certificate, key]) => ({
          source: file,
          certificate,
          key
        }))
      )
    )
  )

const attempt = <A>(run: () => A): Effect.Effect<A, TlsCertificateUnusable> =>
  Effect.try({
    try: run,
    catch: (error) => unusable(error instanceof CertificateWrong ? error.source : "", withoutSource(error))
  })

const withoutSource = (error: unknown): unknown => (error instanceof CertificateWrong ? error.cause : error)

const sameText = (a: ReadonlyArray<KeyPair>, b: ReadonlyArray<KeyPair>): boolean =>
  JSON.stringify(a) === JSON.stringify(b)

/** Says which certificates have ended or are about to. */
const tellOfAge = (certificates: Certificates) =>
  Effect.gen(function* () {
    const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
    for (const { source, validUntil } of certificates.view()) {
      if (validUntil.getTime() - now > soonMillis) continue
      const has = validUntil.getTime() <= now ? "has ended" : "ends soon"
      yield* Effect.logWarning(`a certificate ${has}`).pipe(
        Effect.annotateLogs({ source, validUntil: validUntil.toISOString() })
      )
    }
  })

export interface CertificateFiles {
  readonly certificates: Certificates
  /** Reads the files now. */
  readonly reload: Effect.Effect<void>
}

/** Fails where the first reading does; from then on the certificates follow the files until the scope closes. */
export const follow = Effect.fn("CertificateFiles.follow")(function* (
  items: ReadonlyArray<string>
): Effect.fn.Return<CertificateFiles, TlsCertificateUnusable, Scope.Scope> {
  let taken = yield* readAll(items)
  let complaint = Option.none<string>()
  const certificates = yield* attempt(() => new Certificates(taken))
  yield* tellOfAge(certificates)

  const look = Effect.gen(function* () {
    const pairs = yield* readAll(items)
    complaint = Option.none()
    if (sameText(pairs, taken)) return
    taken = pairs
    yield* attempt(() => certificates.replace(pairs))
    yield* Effect.logInfo("took the changed certificates").pipe(
      Effect.annotateLogs({ names: certificates.view().flatMap(({ names }) => names) })
    )
    yield* tellOfAge(certificates)
  }).pipe(
    Effect.catchAll(({ message }) => {
      const isNews = !Option.contains(complaint, message)
      complaint = Option.some(message)
      return isNews ? Effect.logError(`${message}; the certificates before stay in force`) : Effect.void
    })
  )
  const turn = yield* Effect.makeSemaphore(1)
  const reload = turn.withPermits(1)(look)
  yield* Effect.forkScoped(Effect.schedule(reload, Schedule.spaced(recheckMillis)))
  return { certificates, reload }
})
