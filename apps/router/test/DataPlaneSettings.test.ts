import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Schedule from "effect/Schedule"
import { copyFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as DataPlaneSettings from "../src/DataPlaneSettings.ts"
import * as RouterConfig from "../src/RouterConfig.ts"
import * as CertificateFiles from "../src/tls/CertificateFiles.ts"
import { fixtureFile } from "./tls/tls.fixture.ts"

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "evenkeel-settings-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

const put = (folder: string, from: string, as = from) => {
  copyFileSync(fixtureFile(`${from}.crt`), join(folder, `${as}.crt`))
  copyFileSync(fixtureFile(`${from}.key`), join(folder, `${as}.key`))
}

const errorLines = () => {
  const lines: Array<string> = []
  const layer = Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ logLevel, message }) => {
      if (logLevel.label === "ERROR") lines.push(String(message))
    })
  )
  return { lines, layer }
}

const eventually = (holds: () => boolean) =>
  Effect.sync(holds).pipe(
    Effect.filterOrFail((held) => held),
    Effect.retry(Schedule.spaced(5))
  )

describe("certificate files", () => {
  it.scopedLive("are pairs by name, or all of a directory, in the order of the setting", () =>
    Effect.gen(function* () {
      const folder = yield* directory
      put(folder, "wild")
      put(folder, "site")
      writeFileSync(join(folder, "notes.txt"), "no certificate")
      const inDirectory = yield* CertificateFiles.follow([folder])
      expect(inDirectory.certificates.view().map(({ names }) => names[0])).toEqual(["site.example", "*.wild.example"])
      const pair = `${join(folder, "wild.crt")}:${join(folder, "wild.key")}`
      const single = yield* CertificateFiles.follow([pair])
      expect(single.certificates.view().map(({ names }) => names[0])).toEqual(["*.wild.example"])
    })
  )

  it.scopedLive("are taken anew when they change, and the last good ones stay when they become wrong", () =>
    Effect.gen(function* () {
      const folder = yield* directory
      put(folder, "site")
      const { layer, lines } = errorLines()
      const { certificates, reload } = yield* Effect.provide(CertificateFiles.follow([folder]), layer)
      const read = Effect.provide(reload, layer)
      const names = () => certificates.view().flatMap((view) => view.names)
      expect(names()).toEqual(["site.example", "www.site.example"])
      put(folder, "renewed", "site")
      yield* read
      expect(names()).toEqual(["site.example"])
      // As it is while two files are replaced one after the other.
      copyFileSync(fixtureFile("wild.crt"), join(folder, "site.crt"))
      yield* read
      yield* read
      expect(names()).toEqual(["site.example"])
      expect(lines).toEqual([expect.stringContaining("the key is not the certificate's own")])
      copyFileSync(fixtureFile("wild.key"), join(folder, "site.key"))
      yield* read
      expect(names()).toEqual(["*.wild.example"])
    })
  )

  it.scopedLive("fail by name at the start", () =>
    Effect.gen(function* () {
      const folder = yield* directory
      const missing = yield* Effect.flip(CertificateFiles.follow([join(folder, "none.crt") + ":none.key"]))
      expect(missing.message).toContain(`${join(folder, "none.crt")} (ENOENT)`)
      expect((yield* Effect.flip(CertificateFiles.follow([folder]))).message).toContain("no certificate is given")
    })
  )
})

describe("SIGHUP", () => {
  it.scopedLive("has certificates read and the access log opened anew", () =>
    Effect.gen(function* () {
      const folder = yield* directory
      put(folder, "site")
      const log = join(folder, "access.log")
      const config = yield* RouterConfig.load({
        EVENKEEL_ROUTER_TLS_CERTIFICATES: folder,
        EVENKEEL_ROUTER_TLS_PORT: "0",
        EVENKEEL_ROUTER_ACCESS_LOG: "all",
        EVENKEEL_ROUTER_ACCESS_LOG_TO: log,
        EVENKEEL_ROUTER_STICKY_KEY: "shared"
      })
      const { accessLog, stickyKey, tls } = yield* DataPlaneSettings.make(config)
      expect([stickyKey, tls?.port]).toEqual(["shared", 0])
      put(folder, "wild", "site")
      renameSync(log, `${log}.1`)
      process.emit("SIGHUP")
      yield* eventually(() => tls?.certificates.view()[0]?.names[0] === "*.wild.example" && existsSync(log))
      accessLog?.writer.write("line\n")
      yield* Effect.promise(async () => accessLog?.writer.close())
      expect(readFileSync(log, "utf8")).toBe("line\n")
    })
  )
})
