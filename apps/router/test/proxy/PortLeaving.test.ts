import { fork } from "node:child_process"
import { once } from "node:events"
import * as net from "node:net"
import { describe, expect, it } from "vitest"
import { leavePort } from "../../src/proxy/PortLeaving.ts"
import { afterwards, until } from "./support/Bench.ts"
import type { Told } from "./support/Callers.ts"

const listening = async () => {
  const taken: Array<net.Socket> = []
  const server = net.createServer((socket) => taken.push(socket.on("error", () => undefined)))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  afterwards(() => {
    for (const socket of taken) socket.destroy()
    server.close()
  })
  const { port } = server.address() as net.AddressInfo
  return { server, taken, port }
}

/** Connects; its outcome is `connect`, or the system's word. */
const caller = (port: number) => {
  const told: Array<string> = []
  const socket = net.connect({ port, host: "127.0.0.1" })
  socket.once("connect", () => told.push("connect"))
  socket.on("error", ({ code }: NodeJS.ErrnoException) => told.push(code ?? ""))
  afterwards(() => void socket.destroy())
  return told
}

const begun = () => new Promise((resolve) => process.nextTick(resolve))

describe("leaving a port", () => {
  it("takes those who were connected already", async () => {
    const { port, server, taken } = await listening()
    const callers = Array.from({ length: 20 }, () => caller(port))
    await begun()
    expect(taken.length).toBe(0)
    await leavePort(server, false)
    await until(() => callers.every((told) => told.length > 0), "all know")
    expect(new Set(callers.flat())).toEqual(new Set(["connect"]))
    expect(taken.length).toBe(20)
  })

  it("takes those who come meanwhile too, and refuses who comes later", async () => {
    const { port, server, taken } = await listening()
    const left = leavePort(server, false)
    const callers = Array.from({ length: 20 }, () => caller(port))
    await begun()
    await left
    const late = caller(port)
    await until(() => [...callers, late].every((told) => told.length > 0), "all know")
    expect(callers.flat()).toEqual(callers.map(() => "connect"))
    expect(taken.length).toBe(callers.length)
    expect(late).toEqual(["ECONNREFUSED"])
  })

  it("breaks off none of those who come all the time", { timeout: 20_000 }, async () => {
    for (let stop = 0; stop < 3; stop++) {
      const server = net.createServer((socket) => socket.on("error", () => undefined).end("!"))
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      const { port } = server.address() as net.AddressInfo
      const callers = fork(new URL("./support/Callers.ts", import.meta.url), [String(port)], { execArgv: [] })
      afterwards(() => void callers.kill())
      const told = once(callers, "message")
      await once(server, "connection")
      await leavePort(server, false)
      const [{ broken, answered }] = (await told) as [Told]
      expect(answered).toBeGreaterThan(0)
      expect(broken).toEqual([])
    }
  })
})
