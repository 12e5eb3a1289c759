/**
 * A process that keeps connecting to the port it is given, ten at a time, with 2 ms between, until it is refused. It tells what
 * became of its connections: whoever listens answers each with a byte.
 */
import * as net from "node:net"

export interface Told {
  readonly answered: number
  /** The system's words for connections that were made and then ended without an answer. */
  readonly broken: ReadonlyArray<string>
}

const port = Number(process.argv[2])
const told = { answered: 0, broken: new Array<string>() }
let calling = 0
let isRefused = false

const call = (): void => {
  calling++
  let isAnswered = false
  let reason = "ended"
  const socket = net.connect(port, "127.0.0.1")
  socket.write("?")
  socket.once("data", () => {
    isAnswered = true
    socket.destroy()
  })
  socket.on("end", () => socket.destroy())
  socket.on("error", ({ code = "" }: NodeJS.ErrnoException) => {
    reason = code
    isRefused ||= code === "ECONNREFUSED"
  })
  socket.on("close", () => {
    calling--
    if (isAnswered) told.answered++
    else if (reason !== "ECONNREFUSED") told.broken.push(reason)
    if (!isRefused) setTimeout(call, 2)
    else if (calling === 0) process.send?.(told)
  })
}

for (let i = 0; i < 10; i++) call()
