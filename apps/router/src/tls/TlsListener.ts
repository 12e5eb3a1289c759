/**
 * The server for clients that come over TLS: SNI, ALPN `http/1.1` only, TLS 1.2 or newer. Who speaks something else, or does
 * not finish the handshake in time, is cut off and counted; that is all it decides. HTTP/2 would be a second name in `protocols`
 * and another taker of sockets.
 */
import type { Socket } from "node:net"
import * as tls from "node:tls"
import { type Certificates, serverDefaults } from "./Certificates.ts"

const protocols = ["http/1.1"]
const handshakeTimeoutMs = 10_000

/** `onSocket` gets each connection whose handshake is done; `onRefused` is called for each that failed. */
export const createTlsServer = (
  certificates: Certificates,
  onSocket: (socket: Socket) => void,
  onRefused: () => void
): tls.Server => {
  const base = () => ({ cert: certificates.first?.certificate, key: certificates.first?.key, ...serverDefaults })
  const server = tls.createServer(
    {
      ...base(),
      ALPNProtocols: protocols,
      SNICallback: (name, callback) => callback(null, certificates.contextFor(name) ?? undefined),
      handshakeTimeout: handshakeTimeoutMs,
      allowHalfOpen: true,
      noDelay: true
    },
    onSocket
  )
  server.on("tlsClientError", (_, socket) => {
    onRefused()
    socket.destroy()
  })
  certificates.onReplaced(() => server.setSecureContext(base()))
  return server
}
