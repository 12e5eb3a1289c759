/**
 * Connections to tasks: plain, or over TLS where `evenkeel.scheme=https` says so. The certificate must hold for the name in
 * `evenkeel.verify` (by default the service's own) and come from an authority of the router's settings, or, without any there,
 * from one that Node.js knows; `evenkeel.verify=off` asks for neither. Sessions are resumed, one remembered for each task.
 */
import * as net from "node:net"
import * as tls from "node:tls"
import type { Endpoint } from "../proxy/Endpoint.ts"

/** What the system says of connections; every other code is OpenSSL's or Node's own word on TLS. */
const systemCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "EADDRNOTAVAIL",
  "EMFILE",
  "ENFILE",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EINVAL",
  "EACCES",
  "EPERM"
])

/** Whether a connection attempt ended because the two could not agree on TLS, the certificate included. */
export const isTlsFailure = (code: string | undefined): boolean => code !== undefined && !systemCodes.has(code)

export class UpstreamTls {
  private readonly secureContext: tls.SecureContext | undefined
  private readonly sessions = new WeakMap<Endpoint, Buffer>()

  /** `authorities`: PEM; null: those that Node.js knows. Throws where it is no PEM. */
  constructor(authorities: string | null) {
    this.secureContext =
      authorities === null ? undefined : tls.createSecureContext({ ca: authorities, minVersion: "TLSv1.2" })
  }

  /** A socket that is connecting; over TLS it is usable from `secureConnect` on. `onread` is for plain ones only. */
  open(endpoint: Endpoint, onread?: net.OnReadOpts): net.Socket {
    const { address: host, port, service } = endpoint
    if (service.scheme === "http")
      return net.connect({
        host,
        port,
        allowHalfOpen: true,
        noDelay: true,
        ...(onread === undefined ? {} : { onread })
      })
    const session = this.sessions.get(endpoint)
    const options: tls.ConnectionOptions & { readonly allowHalfOpen: boolean } = {
      host,
      port,
      allowHalfOpen: true,
      servername: service.verifyName ?? service.name,
      rejectUnauthorized: service.verifyName !== null,
      ALPNProtocols: ["http/1.1"],
      minVersion: "TLSv1.2",
      ...(this.secureContext === undefined ? {} : { secureContext: this.secureContext }),
      ...(session === undefined ? {} : { session })
    }
    const socket = tls.connect(options)
    socket.setNoDelay(true)
    socket.on("session", (fresh) => this.sessions.set(endpoint, fresh))
    return socket
  }
}
