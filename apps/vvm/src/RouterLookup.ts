/**
 * Finds the router's address by name without the C library's patience: a name that the overlay does not know yet (a task on a
 * node that has just returned) is answered only after ten seconds there. Says at once that a name is unknown; whether to ask
 * again is the caller's.
 */
import { lookup as systemLookup, type LookupAddress, Resolver } from "node:dns"
import type { LookupFunction } from "node:net"

const answerWithinMs = 500

/** IPv4 only: overlay addresses are. Names of the machine itself (`localhost`) are left to the system. */
export const routerLookup = (): LookupFunction => {
  const resolver = new Resolver({ timeout: answerWithinMs, tries: 1 })
  return (hostname, options, callback) => {
    if (hostname === "localhost") return systemLookup(hostname, options, callback)
    resolver.resolve4(hostname, (error, addresses) => {
      if (error !== null) return callback(error, [])
      const [first] = addresses
      if (first === undefined) return callback(new Error(`${hostname} has no address`), [])
      if (options.all !== true) return callback(null, first, 4)
      callback(
        null,
        addresses.map((address): LookupAddress => ({ address, family: 4 }))
      )
    })
  }
}
