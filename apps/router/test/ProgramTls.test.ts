/** The program as a process, over TLS: certificates from files and by SIGHUP, the access log on standard output. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { once } from "node:events"
import { createServer } from "node:http"
import { request } from "node:https"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { run } from "./program.fixture.ts"
import { afterwards, until } from "./proxy/support/Bench.ts"
import { fixtureFile } from "./tls/tls.fixture.ts"

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
    const router = run(["--table", file], {
      EVENKEEL_ROUTER_TLS_PORT: "0",
      EVENKEEL_ROUTER_TLS_CERTIFICATES: `${join(directory, "site.crt")}:${join(directory, "site.key")}`,
      EVENKEEL_ROUTER_ACCESS_LOG: "all"
    })
    const { tlsPort } = (await router.logged("taking requests")) as { tlsPort: number }
    expect(await get(tlsPort)).toEqual({ status: 200, certificate: "site" })
    put("renewed")
    router.child.kill("SIGHUP")
    await router.logged("took the changed certificates")
    expect(await get(tlsPort)).toEqual({ status: 200, certificate: "renewed" })
    await until(() => router.stdout().split("\n").length === 3, "both requests are logged")
    for (const line of router.stdout().trim().split("\n"))
      expect(JSON.parse(line)).toMatchObject({ scheme: "https", host: "site.example", status: 200, bytesOut: 5 })
    router.child.kill("SIGTERM")
    expect((await router.ended).code).toBe(0)
  })

  it("does not start with a certificate that it cannot use, and says which", async () => {
    const { code, stderr } = await run(["--table", "/dev/null"], {
      EVENKEEL_ROUTER_TLS_CERTIFICATES: "/nowhere/site.crt:/nowhere/site.key"
    }).ended
    expect(code).toBe(1)
    expect(stderr).toContain("cannot use the certificate /nowhere/site.crt (ENOENT)")
  })
})
