import * as net from "node:net"
import { describe, expect, it } from "vitest"
import { parseAcceptQueue, readAcceptQueue } from "../../src/proxy/AcceptQueue.ts"
import { afterwards, until } from "./support/Bench.ts"

/** Recorded from Linux 6.18: a port with one connection waiting, one taken, one handshake, one in TIME_WAIT, and another port. */
const ofIPv4 = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:A77B 00000000:0000 0A 00000000:00000001 00:00000000 00000000     0        0 21807816 5 000000006b252a81 100 0 0 10 0
   1: 00000000:1F90 00000000:0000 0A 00000000:00000007 00:00000000 00000000     0        0 21807811 1 000000001b252a81 100 0 0 10 0
   2: 0100007F:A77B 0100007F:A75A 01 00000000:00000000 00:00000000 00000000     0        0 0 1 00000000a94b4440 20 0 0 10 -1
   3: 0100007F:A77B 0100007F:A772 01 00000000:00000000 00:00000000 00000000     0        0 21807830 1 0000000030cbec7d 20 0 0 10 -1
   4: 0100007F:A77B 0200007F:A774 03 00000000:00000000 01:00000064 00000000     0        0 0 1 0000000030cbec7d 20 0 0 10 -1
   5: 0100007F:A75A 0100007F:A77B 01 00000000:00000000 00:00000000 00000000     0        0 21807817 2 00000000e7a27057 20 0 0 10 -1
   6: 0100007F:A77B 0100007F:A776 06 00000000:00000000 03:00001770 00000000     0        0 0 3 00000000a94b4441
`

const ofIPv6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:A77B 00000000000000000000000000000000:0000 0A 00000000:00000002 00:00000000 00000000     0        0 21990001 1 000000006b252a85 100 0 0 10 0
   1: 0000000000000000FFFF00000100007F:A77B 0000000000000000FFFF0000017AA8C0:C001 01 00000000:00000000 00:00000000 00000000     0        0 0 1 000000003acb4440 20 0 0 10 -1
   2: 00000000000000000000000001000000:A77B 00000000000000000000000001000000:C002 08 00000000:00000000 00:00000000 00000000     0        0 0 1 000000003acb4441 20 0 0 10 -1
`

describe("the queue of a listening port", () => {
  it("has whom nobody has taken, and counts handshakes", () => {
    expect(parseAcceptQueue(ofIPv4, 0xa77b)).toEqual({
      listeners: [{ inode: "21807816", waiting: 1 }],
      handshakes: 1,
      untaken: new Set(["127.0.0.1:42842"])
    })
  })

  it("tells IPv4 clients of an IPv6 socket as such, and those who have ended already", () => {
    expect(parseAcceptQueue(ofIPv6, 0xa77b)).toEqual({
      listeners: [{ inode: "21990001", waiting: 2 }],
      handshakes: 0,
      untaken: new Set(["192.168.122.1:49153", "00000000000000000000000001000000:C002"])
    })
  })

  it("is unknown for a port at which nobody listens", () => {
    expect(parseAcceptQueue("", 80).listeners).toEqual([])
    expect(readAcceptQueue({ address: "127.0.0.1", family: "IPv4", port: 1 })).toBeNull()
  })

  it.skipIf(process.platform !== "linux")(
    "is read from the system, which this test skips where it is not Linux",
    async () => {
      const server = net.createServer((socket) => socket.destroy())
      await new Promise<void>((resolve) => server.listen(0, "::", resolve))
      afterwards(() => void server.close())
      const address = server.address() as net.AddressInfo
      const client = net.connect(address.port, "127.0.0.1")
      afterwards(() => void client.destroy())
      // The system makes the connection now; this process takes it in a later turn.
      await new Promise((resolve) => process.nextTick(resolve))
      expect(readAcceptQueue(address)).toMatchObject({
        listeners: [{ waiting: 1 }],
        untaken: new Set([`127.0.0.1:${client.localPort}`])
      })
      await until(() => readAcceptQueue(address)?.untaken.size === 0, "it is taken")
    }
  )
})
