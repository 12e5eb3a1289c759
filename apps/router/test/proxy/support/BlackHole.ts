/** Tasks that fall silent: they take no connection and refuse none, as processes do that are stopped with their queues full. */
import { spawn } from "node:child_process"
import * as net from "node:net"
import { afterwards } from "./Bench.ts"

const program =
  "const s=require('http').createServer((_,r)=>r.end('alive')).listen({port:0,host:'127.0.0.1',backlog:1}," +
  "()=>process.stdout.write(s.address().port+'\\n'))"

/** A task that answers until `fallSilent`, which resolves once a connection to it stays without an answer. */
export const mortal = async () => {
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] })
  const exited = new Promise((resolve) => child.once("exit", resolve))
  afterwards(async () => {
    child.kill("SIGKILL")
    await exited
  })
  const port = await new Promise<number>((resolve) =>
    child.stdout.once("data", (bytes: Buffer) => resolve(Number(bytes.toString())))
  )
  const fallSilent = async () => {
    child.kill("SIGSTOP")
    for (let full = false; !full;) full = await staysWithoutAnswer(port)
  }
  return { host: "127.0.0.1", port, fallSilent }
}

/** Resolves once a connection to it stays without an answer. */
export const blackHole = async (): Promise<{ readonly host: string; readonly port: number }> => {
  const { fallSilent, host, port } = await mortal()
  await fallSilent()
  return { host, port }
}

/** A tenth of a second without an answer, on loopback, says that there will be none: nothing else tells of it. */
const staysWithoutAnswer = (port: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: "127.0.0.1" })
    socket.on("error", reject)
    socket.once("connect", () => resolve(false))
    setTimeout(() => resolve(socket.connecting), 100)
    afterwards(() => void socket.destroy())
  })
