/** How Node's own parser, llhttp in its strict mode, reads the same bytes: its HTTP server and client on sockets in memory. */
import * as http from "node:http"
import { Duplex } from "node:stream"

export interface TheirReading {
  readonly messages: ReadonlyArray<string>
  /** The parser's code, such as `HPE_INVALID_METHOD`, or null. */
  readonly error: string | null
}

/** Gives `bytes` to whoever reads it and swallows what is written. */
const memorySocket = (bytes: Buffer): Duplex => {
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  socket.push(bytes)
  socket.push(null)
  socket.on("error", () => undefined)
  return socket
}

/** Turns of the event loop after which a socket in memory has long been read. */
const patience = 40
const turn = () => new Promise((resolve) => setImmediate(resolve))

export const readRequests = async (bytes: Buffer): Promise<TheirReading> => {
  const messages: Array<string> = []
  let error: string | null = null
  const server = http.createServer({ maxHeaderSize: 1 << 17, insecureHTTPParser: false }, (request, response) => {
    let payload = ""
    request.on("data", (piece: Buffer) => (payload += piece.toString("latin1")))
    request.on("error", () => undefined)
    request.on("end", () => {
      if (request.complete) messages.push(`${request.method} ${request.url} ${JSON.stringify(payload)}`)
      response.end()
    })
  })
  // The socket is left open: requests that came whole before the error are still being read.
  server.on("clientError", (problem: NodeJS.ErrnoException) => (error ??= problem.code ?? problem.message))
  const socket = memorySocket(bytes)
  server.emit("connection", socket)
  for (let i = 0; i < patience && !socket.destroyed; i++) await turn()
  socket.destroy()
  return { messages, error }
}

export const readResponse = (bytes: Buffer): Promise<TheirReading> =>
  new Promise((resolve) => {
    const messages: Array<string> = []
    const socket = memorySocket(bytes)
    const request = http.request({
      createConnection: () => socket,
      host: "h",
      maxHeaderSize: 1 << 17,
      insecureHTTPParser: false
    })
    const done = (error: string | null): void => {
      resolve({ messages, error })
      request.destroy()
      socket.destroy()
    }
    request.on("information", ({ statusCode }) => messages.push(`${statusCode} ""`))
    request.on("upgrade", () => done(null))
    request.on("response", (response) => {
      let payload = ""
      response.on("data", (piece: Buffer) => (payload += piece.toString("latin1")))
      response.on("error", (error: NodeJS.ErrnoException) => done(error.code ?? error.message))
      response.on("end", () => {
        if (response.complete) messages.push(`${response.statusCode} ${JSON.stringify(payload)}`)
        done(null)
      })
    })
    request.on("error", (error: NodeJS.ErrnoException) => done(error.code ?? error.message))
    request.end()
  })
