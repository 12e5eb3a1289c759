/** Loaded before a rebalancer (`node --import`): ends it when its standard input closes, so none outlives the drill. */
import { Socket } from "node:net"

const leash = new Socket({ fd: 0, readable: true, writable: false })
leash.on("error", () => undefined)
leash.once("close", () => process.exit(1))
leash.resume()
leash.unref()
