/**
 * Addresses for loopback tasks: 127.77.x.y, one for each task that lives. Decides whether this machine has such addresses;
 * binds nothing of its own for longer than that question.
 */
import { createServer } from "node:net"

const first = 2
const last = 0xffff - 1

export class LoopbackAddresses {
  readonly #taken = new Set<number>()
  #next = first

  /** Throws when all 65,533 are taken. */
  take(): string {
    for (let tries = first; tries <= last; tries++) {
      const number = this.#next
      this.#next = number === last ? first : number + 1
      if (this.#taken.has(number)) continue
      this.#taken.add(number)
      return `127.77.${number >> 8}.${number & 0xff}`
    }
    throw new Error("all addresses of 127.77.0.0/16 are taken: run fewer tasks, or the virtual runtime")
  }

  release(address: string): void {
    const [, , high = "0", low = "0"] = address.split(".")
    this.#taken.delete(Number(high) * 256 + Number(low))
  }
}

/** Linux answers on all of 127.0.0.0/8; macOS on 127.0.0.1 only. */
export const hasLoopbackRange = (): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer()
    probe.once("error", () => resolve(false))
    probe.listen({ host: "127.77.255.254", port: 0 }, () => probe.close(() => resolve(true)))
  })
