import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { isBuiltin } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { afterAll, describe, expect, it } from "vitest"

const bundler = join(import.meta.dirname, "../src/main.ts")
/** Outside the workspace: nothing can be resolved from there but Node's own modules. */
const elsewhere = mkdtempSync(join(tmpdir(), "evenkeel-bundle-"))
afterAll(() => rmSync(elsewhere, { recursive: true }))

const run = (args: ReadonlyArray<string>, cwd = elsewhere) =>
  spawnSync(process.execPath, args, { cwd, encoding: "utf8", env: { PATH: process.env["PATH"] } })

describe.each([
  ["router", ["--help"], /Usage: router/],
  ["rebalancer", ["--help"], /evenkeel rebalancer/],
  ["cli", ["--help"], /evenkeel status/]
] as const)("the bundle of %s", (app, args, expected) => {
  const out = join(elsewhere, app)
  it("runs in a folder without packages", () => {
    expect(run([bundler, app, out]).stderr).toBe("")
    const { status, stdout } = run([join(out, "main.mjs"), ...args])
    expect(stdout).toMatch(expected)
    expect(status).toBe(0)
  })
  it("imports Node's own modules alone", () => {
    for (const file of readdirSync(out).filter((name) => name.endsWith(".mjs"))) {
      const text = readFileSync(join(out, file), "utf8")
      const imported = [...text.matchAll(/^\s*import\s[^"'\n]*?["']([^"']+)["']/gm)].map(([, name]) => name ?? "")
      expect(imported.length).toBeGreaterThan(0)
      expect(imported.filter((name) => !isBuiltin(name))).toEqual([])
    }
  })
})

it("gives the VVM's server to those who run it in their own process", async () => {
  const out = join(elsewhere, "vvm")
  expect(run([bundler, "vvm", out]).stderr).toBe("")
  expect(await import(pathToFileURL(join(out, "vvm.mjs")).href)).toHaveProperty("startVvm")
})

it("names what it can bundle when the app is unknown", () => {
  const { status, stderr } = run([bundler, "nothing"])
  expect(status).toBe(64)
  expect(stderr).toMatch(/apps\/ that has src\/main.ts; nothing has none/)
})
