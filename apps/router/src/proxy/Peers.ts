/** Who is at the other end of a client's connection, and whether what it says about others is believed. */
import * as net from "node:net"

export interface Peer {
  /** IPv4 in its own notation even where it came mapped into IPv6. */
  readonly address: string
  /** Whether its `X-Forwarded-*` are kept. */
  readonly trusted: boolean
}

export class Peers {
  private readonly trusted = new net.BlockList()

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

  of(socket: net.Socket): Peer {
    const remote = socket.remoteAddress ?? ""
    const address = remote.startsWith("::ffff:") && remote.includes(".") ? remote.slice(7) : remote
    const version = net.isIP(address)
    return { address, trusted: version !== 0 && this.trusted.check(address, version === 6 ? "ipv6" : "ipv4") }
  }
}
