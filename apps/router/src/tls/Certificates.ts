/**
 * The certificates that a router answers with, found by the name that a client asks for (RFC 6066 §3): the exact name first,
 * then a wildcard for its first label, then the first certificate of the settings, which clients that name nobody get too.
 * `replace` takes effect for handshakes that begin later; connections in hand keep what they have.
 */
import { createPrivateKey, X509Certificate } from "node:crypto"
import * as tls from "node:tls"

/** A certificate with its chain, and its key, both PEM. */
export interface KeyPair {
  /** The file, for messages. */
  readonly source: string
  readonly certificate: string
  readonly key: string
}

/** What a router says of one of its certificates. */
export interface CertificateView {
  readonly source: string
  readonly names: ReadonlyArray<string>
  readonly validUntil: Date
}

interface Loaded {
  readonly pair: KeyPair
  readonly view: CertificateView
  readonly context: tls.SecureContext
}

/** TLS 1.2 with forward secrecy and AEAD only, or TLS 1.3. */
export const serverDefaults = {
  minVersion: "TLSv1.2",
  ciphers: [
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305"
  ].join(":")
} as const

const namesOf = (certificate: X509Certificate): ReadonlyArray<string> => {
  const names = (certificate.subjectAltName ?? "")
    .split(", ")
    .filter((name) => name.startsWith("DNS:"))
    .map((name) => name.slice(4).toLowerCase())
  const common = /^CN=(.+)$/m.exec(certificate.subject)?.[1]?.toLowerCase()
  return names.length > 0 || common === undefined ? names : [common]
}

const load = (pair: KeyPair): Loaded => {
  const certificate = new X509Certificate(pair.certificate)
  if (!certificate.checkPrivateKey(createPrivateKey(pair.key)))
    throw new Error("the key is not the certificate's own; give each certificate the key it was made with")
  return {
    pair,
    view: { source: pair.source, names: namesOf(certificate), validUntil: new Date(certificate.validTo) },
    context: tls.createSecureContext({ cert: pair.certificate, key: pair.key, ...serverDefaults })
  }
}

/** Which pair was wrong, and how. */
export class CertificateWrong extends Error {
  readonly source: string
  constructor(source: string, cause: unknown) {
    super(`${source}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.source = source
  }
}

export class Certificates {
  private loaded: ReadonlyArray<Loaded> = []
  private byName = new Map<string, tls.SecureContext>()
  private readonly listeners = new Set<() => void>()

  /** Throws `CertificateWrong`. */
  constructor(pairs: ReadonlyArray<KeyPair>) {
    this.replace(pairs)
  }

  /** Takes all of `pairs`, or throws `CertificateWrong` and stays as it was. */
  replace(pairs: ReadonlyArray<KeyPair>): void {
    const loaded = pairs.map((pair) => {
      try {
        return load(pair)
      } catch (error) {
        throw new CertificateWrong(pair.source, error)
      }
    })
    if (loaded.length === 0) throw new CertificateWrong("the settings", "no certificate is given")
    const byName = new Map<string, tls.SecureContext>()
    // Of two for one name the one that is valid for longer: while it is renewed both may be there.
    for (const { context, view } of loaded.toSorted((a, b) => Number(a.view.validUntil) - Number(b.view.validUntil)))
      for (const name of view.names) byName.set(name, context)
    this.loaded = loaded
    this.byName = byName
    for (const listener of this.listeners) listener()
  }

  /** Of the first pair, for clients that name nobody. */
  get first(): KeyPair | undefined {
    return this.loaded[0]?.pair
  }

  /** Null: the server's own, the first. */
  contextFor(name: string): tls.SecureContext | null {
    const asked = name.toLowerCase()
    const dot = asked.indexOf(".")
    return this.byName.get(asked) ?? (dot === -1 ? null : (this.byName.get(`*${asked.slice(dot)}`) ?? null))
  }

  view(): ReadonlyArray<CertificateView> {
    return this.loaded.map(({ view }) => view)
  }

  /** `listener` is called after every replacement. */
  onReplaced(listener: () => void): void {
    this.listeners.add(listener)
  }
}
