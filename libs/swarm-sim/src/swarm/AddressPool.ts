/** IPv4 addresses of one subnet, given out one after the other and round again, as the engine's serial allocation does. */

const toNumber = (address: string): number => address.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0)

const toText = (address: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".")

export interface Subnet {
  readonly base: number
  readonly bits: number
}

/** `10.0.1.0/24`; null when it is none, or has no room for hosts. */
export const parseSubnet = (text: string): Subnet | null => {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text)
  if (match === null) return null
  const bits = Number(match[5])
  if (match.slice(1, 5).some((byte) => Number(byte) > 255) || bits > 30) return null
  const address = toNumber(text.slice(0, text.indexOf("/")))
  return { base: address - (address % 2 ** (32 - bits)), bits }
}

export const subnetText = ({ base, bits }: Subnet): string => `${toText(base)}/${bits}`

export const overlaps = (a: Subnet, b: Subnet): boolean =>
  a.base < b.base + 2 ** (32 - b.bits) && b.base < a.base + 2 ** (32 - a.bits)

/** The subnets of a pool, each of `bits`, in order. */
export function* subnetsOf(pool: Subnet, bits: number): Generator<Subnet, void> {
  const size = 2 ** (32 - bits)
  for (let base = pool.base; base < pool.base + 2 ** (32 - pool.bits); base += size) yield { base, bits }
}

export class AddressPool {
  readonly #subnet: Subnet
  readonly #taken = new Set<number>()
  readonly #last: number
  #next: number

  /** The first address is the gateway's. */
  constructor(subnet: Subnet) {
    this.#subnet = subnet
    this.#last = subnet.base + 2 ** (32 - subnet.bits) - 2
    this.#next = subnet.base + 2
  }

  get gateway(): string {
    return toText(this.#subnet.base + 1)
  }

  /** `10.0.1.5/24`; null when all are taken. */
  take(): string | null {
    const first = this.#subnet.base + 2
    for (let tries = this.#last - first + 1; tries > 0; tries--) {
      const address = this.#next > this.#last ? first : this.#next
      this.#next = address + 1
      if (this.#taken.has(address)) continue
      this.#taken.add(address)
      return `${toText(address)}/${this.#subnet.bits}`
    }
    return null
  }

  /** Marks an address as taken that was given out before, when the pool is made anew. */
  claim(address: string): void {
    const taken = toNumber(address.split("/", 1)[0] ?? "")
    this.#taken.add(taken)
    if (taken >= this.#next) this.#next = taken + 1
  }

  give(address: string): void {
    this.#taken.delete(toNumber(address.split("/", 1)[0] ?? ""))
  }
}
