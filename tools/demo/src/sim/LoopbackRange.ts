/**
 * Whether tasks can have addresses of their own on this machine, with the ports that they have everywhere. Linux answers on all
 * of 127.0.0.0/8, macOS on 127.0.0.1 only; a program that listens on a port of all addresses takes it from each of these.
 */
import { createServer } from "node:net"

/** The last that a task would be given. */
const probeAddress = "127.77.255.254"

/** Null where it can be bound, otherwise why not. */
const refusalOf = (port: number): Promise<string | null> =>
  new Promise((resolve) => {
    const probe = createServer()
    probe.once("error", ({ code, message }: NodeJS.ErrnoException) => resolve(code ?? message))
    probe.listen({ host: probeAddress, port }, () => probe.close(() => resolve(null)))
  })

/** What is in the way of addresses with these ports; null: nothing. */
export const obstacleTo = async (ports: ReadonlyArray<number>): Promise<string | null> => {
  for (const port of ports) {
    const refusal = await refusalOf(port)
    if (refusal !== null) return `${probeAddress}:${port} cannot be bound (${refusal})`
  }
  return null
}
