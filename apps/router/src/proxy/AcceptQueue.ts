/**
 * What Linux holds for a listening port: connections that it has made and nobody has taken, and handshakes under way. Read from the
 * tables of proc_pid_net(5). It decides nothing: see `PortLeaving`.
 */
import { readFileSync } from "node:fs"

export interface AcceptQueue {
  /** One for each socket that listens at the port (several with SO_REUSEPORT); `waiting` connections are in its queue. */
  readonly listeners: ReadonlyArray<{ readonly inode: string; readonly waiting: number }>
  /** Clients that have been answered and have not confirmed it yet. */
  readonly handshakes: number
  /** The clients of all connections that nobody has taken, in any listener's queue: `192.0.2.1:4711`; IPv6 as the system has it. */
  readonly untaken: ReadonlySet<string>
}

const states = { established: "01", handshake: "03", closedByClient: "08", listening: "0A" } as const

/** An IPv4 address stands in the table of IPv6 too, behind this. */
const mapped = "0000000000000000FFFF0000"

/** `0100007F:1F90` is 127.0.0.1:8080. */
const readable = (end: string): string => {
  const [address = "", port = ""] = (end.startsWith(mapped) ? end.slice(mapped.length) : end).split(":")
  if (address.length !== 8) return end
  const bytes = address.match(/../g)?.map((byte) => Number.parseInt(byte, 16)) ?? []
  return `${bytes.reverse().join(".")}:${Number.parseInt(port, 16)}`
}

/** `tables` is the text of `/proc/net/tcp` and `/proc/net/tcp6`. Lines that cannot be read say nothing. */
export const parseAcceptQueue = (tables: string, port: number): AcceptQueue => {
  const listeners: Array<AcceptQueue["listeners"][number]> = []
  const untaken = new Set<string>()
  let handshakes = 0
  const ending = `:${port.toString(16).toUpperCase().padStart(4, "0")}`
  for (const line of tables.split("\n")) {
    // sl, local, remote, state, tx:rx, timer, retransmits, uid, timeout, inode
    const [, local = "", remote = "", state, queues = "", , , , , inode = ""] = line.trim().split(/ +/)
    if (!local.endsWith(ending)) continue
    switch (state) {
      case states.listening:
        listeners.push({ inode, waiting: Number.parseInt(queues.slice(queues.indexOf(":") + 1), 16) })
        break
      case states.handshake:
        handshakes++
        break
      case states.established:
      case states.closedByClient:
        // A connection belongs to a file from when it is taken.
        if (inode === "0") untaken.add(readable(remote))
    }
  }
  return { listeners, handshakes, untaken }
}

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}

/** Null where the system has no such tables, or does not list the port. Takes some 1 ms for 1,000 connections. */
export const readAcceptQueue = (port: number): AcceptQueue | null => {
  const queue = parseAcceptQueue(read("/proc/net/tcp") + read("/proc/net/tcp6"), port)
  return queue.listeners.length === 0 ? null : queue
}
