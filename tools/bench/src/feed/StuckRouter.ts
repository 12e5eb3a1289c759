/** A router that says hello and then reads no more: what is sent to it stays with the network and the rebalancer. */
import { NodeId } from "@evenkeel/domain/Ids"
import * as Protocol from "@evenkeel/feed/FeedProtocol"
import { WebSocket } from "ws"

export interface StuckRouter {
  /** Once it is cut off: what it still finds to read. Resolves to what it would then ask for. */
  readAgain(): Promise<{ readonly instance: string; readonly sequence: number }>
}

const hello = (resume?: { readonly instance: string; readonly sequence: number }) =>
  Protocol.encodeClientMessage({
    type: "hello",
    ...Protocol.ownProtocols,
    node: NodeId.make("stuck"),
    ...(resume === undefined ? {} : { resume })
  })

const versionOf = (bytes: Buffer) => {
  const start = bytes.toString("latin1", 0, 300)
  const [, type = ""] = /^\{"type":"(\w+)"/.exec(start) ?? []
  const sequence = Number(/"sequence":(\d+)/.exec(start)?.[1] ?? 0)
  return { type, instance: /"instance":"([^"]+)"/.exec(start)?.[1] ?? "", sequence }
}

/** Resolves when it has the table and has stopped reading. */
export const startStuck = (url: string): Promise<StuckRouter> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { perMessageDeflate: false })
    let last = { instance: "", sequence: 0 }
    const closed = new Promise<void>((gone) => socket.on("close", () => gone()))
    socket.on("open", () => socket.send(hello()))
    socket.on("error", reject)
    socket.on("message", (bytes: Buffer) => {
      const { instance, sequence, type } = versionOf(bytes)
      if (type !== "table" && type !== "delta") return
      last = { instance, sequence }
      if (type !== "table") return
      socket.pause()
      resolve({
        readAgain: async () => {
          socket.resume()
          await closed
          return last
        }
      })
    })
  })

/** Comes back with what it holds; resolves to the kinds of frames that it is sent until it has `sequence`. */
export const comeBack = (
  url: string,
  held: { readonly instance: string; readonly sequence: number },
  sequence: number
): Promise<ReadonlyArray<string>> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { perMessageDeflate: false })
    const kinds: Array<string> = []
    socket.on("open", () => socket.send(hello(held)))
    socket.on("error", reject)
    socket.on("close", () => reject(new Error("the router that came back was cut off")))
    socket.on("message", (bytes: Buffer) => {
      const version = versionOf(bytes)
      kinds.push(version.type)
      if (version.sequence !== sequence || version.type === "hello") return
      socket.terminate()
      resolve(kinds)
    })
  })
