/**
 * Loaded before a program of the demo (`node --import`): ends it when its standard input closes, which the system does when the
 * process that started it is gone, however that ended.
 */
import { Socket } from "node:net"

const leash = new Socket({ fd: 0, readable: true, writable: false })
leash.on("error", () => undefined)
leash.once("close", () => process.exit(1))
leash.resume()
leash.unref()
