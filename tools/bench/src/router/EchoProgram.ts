/**
 * A program: sends every WebSocket message back, and answers a POST with the number of bytes it had, once it has them all.
 * `node EchoProgram.ts PORT` listens on all of 127.0.0.0/8.
 */
import * as http from "node:http"
import { WebSocketServer } from "ws"

const server = http.createServer({ requestTimeout: 0 }, (request, response) => {
  let bytes = 0
  request.on("data", (piece: Buffer) => (bytes += piece.length))
  request.on("end", () => response.end(String(bytes)))
})
const sockets = new WebSocketServer({ server, perMessageDeflate: false, clientTracking: false })
sockets.on("connection", (socket) => {
  socket.on("error", () => undefined)
  socket.on("message", (data, binary) => socket.send(data, { binary }))
})
server.listen({ host: "0.0.0.0", port: Number(process.argv[2]), backlog: 8_192 })
