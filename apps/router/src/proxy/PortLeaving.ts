/**
 * Stops listening without breaking off those who come. The system makes connections before anyone takes them, and resets those
 * that lie in its queue when the port is left. So the router takes every place in the queue itself, by connections of its own, and
 * leaves the port while nobody else is in it: who finds the queue full is not answered, asks again a second later, and is refused
 * or finds a successor. Where somebody was quicker, or is in the middle of a handshake, they are taken and it is tried again.
 *
 * Only Linux tells who is in the queue. Elsewhere the port is left in a turn of the event loop in which nobody came; a connection
 * made within that turn is lost.
 */
import { readdirSync, readlinkSync } from "node:fs"
import * as net from "node:net"
import { type AcceptQueue, readAcceptQueue } from "./AcceptQueue.ts"

/** No longer than this, however many still come. A client whose answer was lost gets it again after a second. */
const takeWithinMs = 2_000

/** How many connections the system keeps until they are taken. */
export const usualBacklog = 1_024

/** For the moment of leaving, so that few connections fill the queue. Linux adds one place. */
const seatBacklog = 1

/** Where several processes listen at the port, the system spreads connections: so many are likely to fill one's queue. */
const seatsWhereShared = 24

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
/** In the same turn of the event loop; by then `net.connect` has asked the system. */
const asked = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))

const anyAddress: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "127.0.0.1" }

/** The sockets of this process, by inode. */
const ownSockets = (): ReadonlySet<string> => {
  const inodes = new Set<string>()
  for (const fd of readdirSync("/proc/self/fd")) {
    try {
      inodes.add(/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1] ?? "")
    } catch {
      // The file that listed the directory is closed by now.
    }
  }
  return inodes
}

/** Of the sockets that listen at the port, the one of this process. */
const ownListener = ({ listeners }: AcceptQueue): AcceptQueue["listeners"][number] | undefined => {
  if (listeners.length <= 1) return listeners[0]
  const own = ownSockets()
  return listeners.find(({ inode }) => own.has(inode))
}

/** Connections of this process to its own port, one for each place of the queue. */
class Seats {
  /** `127.0.0.1:4711`; of those given up too, which may lie in the queue still. */
  private readonly ends = new Set<string>()
  private readonly address: net.NetConnectOpts
  private readonly sockets: Array<net.Socket> = []

  constructor({ address, port }: net.AddressInfo) {
    this.address = { port, host: anyAddress[address] ?? address }
  }

  /** Takes the places that are left. Whom the system does not answer waits outside. */
  async take(count: number): Promise<void> {
    const sockets = Array.from({ length: count }, () => net.connect(this.address).on("error", () => undefined))
    this.sockets.push(...sockets)
    await asked()
    for (const { localAddress, localPort } of sockets) this.ends.add(`${localAddress}:${localPort}`)
  }

  has(end: string): boolean {
    return this.ends.has(end)
  }

  giveUp(): void {
    for (const socket of this.sockets.splice(0)) socket.destroy()
  }
}

/** Leaving the port now breaks off nobody: `seats` have every place of the queue, and no handshake is under way. */
const isOccupied = (queue: AcceptQueue, seats: Seats): boolean => {
  for (const client of queue.untaken) if (!seats.has(client)) return false
  return queue.handshakes === 0 && (ownListener(queue)?.waiting ?? 0) >= seatBacklog + 1
}

const clientOf = ({ remoteAddress = "", remotePort }: net.Socket): string =>
  `${remoteAddress.replace(/^::ffff:/, "")}:${remotePort}`

/** Leaves the port of `server`, which gets every connection that is there. Those it has go on. `isShared`: by other processes. */
export const leavePort = async (server: net.Server, isShared: boolean): Promise<void> => {
  if (!server.listening) return
  const address = server.address() as net.AddressInfo
  const seats = new Seats(address)
  let taken = 0
  const setBacklog = (backlog: number): void => {
    const taker = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      taken++
      if (seats.has(clientOf(socket))) socket.destroy()
      else server.emit("connection", socket)
    })
    taker.listen(server, backlog)
  }
  setBacklog(usualBacklog)
  // The turn that this begins in may be over for sockets.
  await nextTurn()
  for (const begunAt = performance.now(); performance.now() < begunAt + takeWithinMs;) {
    const takenBefore = taken
    await nextTurn()
    if (taken !== takenBefore) continue
    setBacklog(seatBacklog)
    await seats.take(isShared ? seatsWhereShared : seatBacklog + 1)
    const queue = readAcceptQueue(address)
    if (queue === null || isOccupied(queue, seats)) break
    seats.giveUp()
    setBacklog(usualBacklog)
  }
  server.close()
  seats.giveUp()
}
