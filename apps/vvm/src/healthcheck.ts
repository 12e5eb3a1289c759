/**
 * The container's health probe: `healthcheck <url>` exits 0 when the URL answers 200 within 2.5 s, else 1. Raw sockets, no
 * fetch: it starts every few seconds beside the workload and must cost next to nothing.
 */
import { connect } from "node:net"

const url = new URL(process.argv[2] ?? "http://127.0.0.1:8080/healthz")
const socket = connect({ host: url.hostname, port: Number(url.port === "" ? 80 : url.port) })
let head = ""
const end = (why: string | undefined): never => {
  if (why !== undefined) process.stderr.write(`healthcheck: ${url.href}: ${why}\n`)
  process.exit(why === undefined ? 0 : 1)
}
socket.setTimeout(2_500, () => end("no answer within 2.5 s"))
socket.on("error", (error) => end(error.message))
socket.on("close", () => end("the connection ended without an answer"))
socket.on("data", (chunk) => {
  head += chunk.toString("latin1")
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1]
  if (status !== undefined) end(status === "200" ? undefined : `status ${status}`)
})
socket.write(`GET ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\nconnection: close\r\n\r\n`)
