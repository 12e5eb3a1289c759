/** A request on its way to an endpoint: what of its body is sent when, what is kept for another try, and who waits for whom. */
import type { Exchange } from "./Exchange.ts"
import { growHeld } from "./Holding.ts"
import type { ProxyContext } from "./ProxyContext.ts"
import { writeRequest } from "./SocketWrites.ts"
import type { UpstreamConnection } from "./UpstreamConnection.ts"

/** The head, and what is here of the body, in one write. */
export const sendRequest = (
  context: ProxyContext,
  exchange: Exchange,
  connection: UpstreamConnection,
  now: number
): void => {
  const { body, deadline, idempotent } = exchange
  const head = deadline === null ? exchange.head : deadline.tell(exchange.head, now)
  // A second copy's time is its connection's own.
  if (connection === exchange.connection) exchange.sentAt = now
  connection.sentAt = now
  connection.written = true
  const more = writeRequest(connection.socket, head, body.pieces)
  if (body.hasBody && (!idempotent || body.keptBytes > context.limits.replayBytes)) body.letGo()
  waitForNext(exchange, connection, more)
}

/** More of the body has come from the client. */
export const sendMore = (context: ProxyContext, exchange: Exchange, piece: Buffer): void => {
  const { body, client, connection } = exchange
  const { replayBytes } = context.limits
  if (connection === null || !connection.written) {
    body.keep(piece)
    const room = !exchange.parked || growHeld(context, exchange, piece.length)
    if ((body.keptBytes >= replayBytes || !room) && !body.complete) client.pauseBody()
    return
  }
  if (!body.lost) {
    body.keep(piece)
    if (body.keptBytes > replayBytes) body.letGo()
  }
  waitForNext(exchange, connection, connection.socket.write(piece))
}

/** Who is waited for next: the socket to take more, the client to send more, or the endpoint to answer. */
export const waitForNext = (exchange: Exchange, connection: UpstreamConnection, more: boolean): void => {
  const { firstByteMillis } = connection.endpoint.service
  if (exchange.body.complete) {
    if (!exchange.responded) connection.expectWithin(firstByteMillis)
  } else if (!more) {
    exchange.client.pauseBody()
    connection.expectWithin(firstByteMillis)
  } else {
    connection.expectNothing()
    exchange.client.resumeBody()
  }
}

/** Whether all that came of the body is with the system, and nothing is kept for another try. */
export const isPassedOn = ({ body, connection }: Exchange): boolean =>
  body.lost && connection !== null && connection.written && connection.socket.writableLength === 0
