/**
 * Stops listening without breaking off those who come. The system makes connections before anyone takes them, and resets those
 * that lie in its queue when the port is left. So the queue is first cut down to one: who finds it full is not answered, asks again
 * a second later, and is refused or finds a successor. Then what is in the queue is taken, and the port left in a moment in which
 * nothing was. A connection that is made within that moment is still lost: the system offers no way to refuse and take at once.
 */
import * as net from "node:net"

/** No longer than this, however many still come. */
const takeWithinMs = 1_000

/** A turn of the event loop with next to nothing in it: what came after its look at the queue had hardly time to come. */
const quietTurnMs = 0.05

/** Where turns are never that short, longer ones count the sooner the longer it has been tried: after 100 ms one of 0.15 ms. */
const quietTurnGrowth = 0.001

/** Linux keeps one more than it is told. Node takes 0 for its default, and leaves the fraction out. */
const queueOfOne = 0.5

/** Leaves the port of `server`, which gets every connection that is there. Those it has go on. */
export const leavePort = async (server: net.Server): Promise<void> => {
  if (!server.listening) return
  let taken = 0
  const rest = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    taken++
    server.emit("connection", socket)
  })
  rest.listen(server, queueOfOne)
  const begunAt = performance.now()
  // One comes with each turn of the event loop; the turn that this begins in may be over for sockets.
  for (let turns = 0, at = begunAt, isQuiet = false; (turns < 2 || !isQuiet) && at < begunAt + takeWithinMs; turns++) {
    const [takenBefore, turnBegunAt] = [taken, at]
    await new Promise((resolve) => setImmediate(resolve))
    at = performance.now()
    isQuiet = taken === takenBefore && at - turnBegunAt < quietTurnMs + quietTurnGrowth * (at - begunAt)
  }
  server.close()
}
