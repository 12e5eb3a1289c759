/** Who is at the other end of a client's connection, and whether what it says about others is believed. */
import * as net from "node:net"

export interface Peer {
  /** IPv4 in its own notation even where it came mapped into IPv6. */
  readonly address: string
  /** Whether its `X-Forwarded-*` are kept. */
  readonly trusted: boolean
  /** Field lines that go with each of its requests, once they have been made. */
  lines: string | null
  /** How the client came to this router. */
  readonly scheme: "http" | "https"
  /** Its open connections, and its requests under way. */
  connections: number
  requests: number
}

export class Peers {
  private readonly trusted = new net.BlockList()
  private readonly present = new Map<string, Peer>()

  /** `cidrs`: `10.0.0.0/8`, `fd00::/8`, or single addresses. Throws on anything else, naming it. */
  constructor(cidrs: ReadonlyArray<string>) {
    for (const cidr of cidrs) {
      const slash = cidr.indexOf("/")
      const address = slash === -1 ? cidr : cidr.slice(0, slash)
      const version = net.isIP(address)
      const bits = slash === -1 ? (version === 6 ? 128 : 32) : Number(cidr.slice(slash + 1))
      if (
        version === 0 ||
        !Number.isInteger(bits) ||
        bits < 0 ||
        bits > (version === 6 ? 128 : 32) ||
        cidr.endsWith("/")
      )
        throw new Error(`Trusted proxies: "${cidr}" is not an address or a network such as 10.0.0.0/8`)
      this.trusted.addSubnet(address, bits, version === 6 ? "ipv6" : "ipv4")
    }
  }

  /** The client at the other end of `socket`, one value for all its connections; `left` gives it back. */
  of(socket: net.Socket): Peer {
    const remote = socket.remoteAddress ?? ""
    const address = remote.startsWith("::ffff:") && remote.includes(".") ? remote.slice(7) : remote
    const scheme = "encrypted" in socket ? "https" : "http"
    const known = this.present.get(`${scheme} ${address}`)
    if (known !== undefined) {
      known.connections++
      return known
    }
    const version = net.isIP(address)
    const trusted = version !== 0 && this.trusted.check(address, version === 6 ? "ipv6" : "ipv4")
    const peer: Peer = { address, trusted, scheme, lines: null, connections: 1, requests: 0 }
    this.present.set(`${scheme} ${address}`, peer)
    return peer
  }

  /** One of its connections has closed. */
  left(peer: Peer): void {
    if (--peer.connections === 0) this.present.delete(`${peer.scheme} ${peer.address}`)
  }
}
