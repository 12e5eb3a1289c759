/** Certificates and TLS clients for tests. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as tls from "node:tls"
import type { KeyPair } from "../../src/tls/Certificates.ts"
import { afterwards, until } from "../proxy/support/Bench.ts"

const folder = join(import.meta.dirname, "fixtures")

export const fixtureFile = (name: string): string => join(folder, name)
export const pem = (name: string): string => readFileSync(fixtureFile(name), "utf8")
export const pair = (name: string): KeyPair => ({
  source: `${name}.crt`,
  certificate: pem(`${name}.crt`),
  key: pem(`${name}.key`)
})

/** A client over TLS that reads text. Rejects with the reason where the handshake fails. */
export const tlsClient = async (port: number, options: tls.ConnectionOptions = {}) => {
  const socket = tls.connect({ host: "127.0.0.1", port, ca: pem("ca.crt"), servername: "site.example", ...options })
  afterwards(() => void socket.destroy())
  await new Promise<void>((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject))
  const client = { socket, text: "", closed: false }
  socket.on("data", (bytes: Buffer) => (client.text += bytes.toString("latin1")))
  socket.on("error", () => undefined)
  socket.on("close", () => (client.closed = true))
  return {
    ...client,
    socket,
    /** The certificate's first name. */
    name: socket.getPeerCertificate().subject.CN,
    send: (text: string) => void socket.write(text, "latin1"),
    receives: (part: string) => until(() => client.text.includes(part), `${part} comes; so far ${client.text}`),
    received: () => client.text,
    ends: () => until(() => client.closed, "the connection ends")
  }
}
