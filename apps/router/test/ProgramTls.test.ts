/** The program as a process, over TLS: certificates from files and by SIGHUP, the access log on standard output. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:http"
import { request } from "node:https"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { afterwards, until } from "./proxy/support/Bench.ts"
import { fixtureFile } from "./tls/tls.fixture.ts"

const main = join(import.meta.dirname, "../src/main.ts")

const run = (environment: Readonly<Record<string, string>>, ...args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, ["--conditions=@evenkeel/source", main, ...args], {
    env: { PATH: process.env["PATH"], ...environment },
    stdio: ["ignore", "pipe", "pipe"]
  })
  afterwards(() => void child.kill("SIGKILL"))
  const output = { stdout: "", stderr: "", code: null as number | null }
  child.stdout.on("data", (bytes: Buffer) => (output.stdout += bytes.toString()))
  child.stderr.on("data", (bytes: Buffer) => (output.stderr += bytes.toString()))
  const ended = once(child, "close").then(([code]) => void (output.code = code as number | null))
  const logged = async (message: string): Promise<Record<string, unknown>> => {
    const find = () => output.stderr.split("\n").find((line) => line.includes(`"message":"${message}"`))
    const from = Date.now()
    while (find() === undefined && Date.now() - from < 20_000) await new Promise((resolve) => setTimeout(resolve, 5))
    return JSON.parse(find() ?? `{"never logged": ${JSON.stringify(message + output.stderr)}}`) as Record<
      string,
      unknown
    >
  }
  return { child, ended, logged, output }
}

const get = (port: number) =>
  new Promise<{ status: number | undefined; certificate: string }>((resolve, reject) => {
    const headers = { host: "site.example" }
    const verified = { servername: "site.example", ca: readFileSync(fixtureFile("ca.crt")) }
    const sent = request({ host: "127.0.0.1", port, agent: false, headers, ...verified }, (response) => {
      const certificate = (response.socket as import("node:tls").TLSSocket).getPeerCertificate().subject.CN
      response.resume().on("end", () => resolve({ status: response.statusCode, certificate: String(certificate) }))
    })
    sent.on("error", reject).end()
  })

describe("the router's program over TLS", { timeout: 60_000 }, () => {
  it("serves with certificates from files, takes new ones by SIGHUP, and logs what was asked", async () => {
    const directory = mkdtempSync(join(tmpdir(), "evenkeel-router-tls-"))
    afterwards(() => rmSync(directory, { recursive: true }))
    const put = (name: string) => {
      for (const ending of ["crt", "key"])
        copyFileSync(fixtureFile(`${name}.${ending}`), join(directory, `site.${ending}`))
    }
    put("site")
    const task = createServer((_, response) => response.end("hello"))
    task.listen(0, "127.0.0.1")
    await once(task, "listening")
    afterwards(() => task.closeAllConnections())
    const address = `127.0.0.1:${(task.address() as AddressInfo).port}`
    const file = join(directory, "table.json")
    writeFileSync(file, JSON.stringify({ services: [{ name: "web", hosts: ["site.example"], endpoints: [address] }] }))
    const router = run(
      {
        EVENKEEL_ROUTER_HOST: "127.0.0.1",
        EVENKEEL_ROUTER_PORT: "0",
        EVENKEEL_ROUTER_TLS_PORT: "0",
        EVENKEEL_ROUTER_TLS_CERTIFICATES: `${join(directory, "site.crt")}:${join(directory, "site.key")}`,
        EVENKEEL_ROUTER_ADMIN_HOST: "127.0.0.1",
        EVENKEEL_ROUTER_ADMIN_PORT: "0",
        EVENKEEL_ROUTER_HEARTBEAT_PORT: "0",
        EVENKEEL_ROUTER_ACCESS_LOG: "all"
      },
      "--table",
      file
    )
    const { tlsPort } = (await router.logged("taking requests")) as { tlsPort: number }
    expect(await get(tlsPort)).toEqual({ status: 200, certificate: "site" })
    put("renewed")
    router.child.kill("SIGHUP")
    await router.logged("took the changed certificates")
    expect(await get(tlsPort)).toEqual({ status: 200, certificate: "renewed" })
    await until(() => router.output.stdout.split("\n").length === 3, "both requests are logged")
    for (const line of router.output.stdout.trim().split("\n"))
      expect(JSON.parse(line)).toMatchObject({ scheme: "https", host: "site.example", status: 200, bytesOut: 5 })
    router.child.kill("SIGTERM")
    await router.ended
    expect(router.output.code).toBe(0)
  })

  it("does not start with a certificate that it cannot use, and says which", async () => {
    const router = run(
      { EVENKEEL_ROUTER_TLS_CERTIFICATES: "/nowhere/site.crt:/nowhere/site.key" },
      "--table",
      "/dev/null"
    )
    await router.ended
    expect(router.output.code).toBe(1)
    expect(router.output.stderr).toContain("cannot use the certificate /nowhere/site.crt (ENOENT)")
  })
})
