import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
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

const bundles = new Map<string, { readonly out: string; readonly stderr: string }>()

/** The bundle of the app, made by the first test that asks for it. */
const bundled = (app: string) => {
  const out = join(elsewhere, app)
  const made = bundles.get(app) ?? { out, stderr: run([bundler, app, out]).stderr }
  bundles.set(app, made)
  return made
}

describe.each([
  ["router", ["--help"], /Usage: router/],
  ["rebalancer", ["--help"], /evenkeel rebalancer/],
  ["cli", ["--help"], /evenkeel status/]
] as const)("the bundle of %s", (app, args, expected) => {
  it("runs in a folder without packages", () => {
    const { out, stderr } = bundled(app)
    expect(stderr).toBe("")
    const { status, stdout } = run([join(out, "main.mjs"), ...args])
    expect(stdout).toMatch(expected)
    expect(status).toBe(0)
  })
  it("imports Node's own modules alone", () => {
    const { out } = bundled(app)
    const files = readdirSync(out, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".mjs"))
    const imported = files.flatMap((file) => {
      const text = readFileSync(join(out, file), "utf8")
      return [...text.matchAll(/(?:^|[;}]|\n)\s*(?:import|export)\s?(?:[\w*${}\s,]+from\s?)?["']([^"'\n]+)["']/g)].map(
        ([, name = ""]) => (name.startsWith(".") ? join(out, file, "..", name) : name)
      )
    })
    expect(imported.length).toBeGreaterThan(0)
    // Others are chunks of the same bundle.
    expect(imported.filter((name) => !isBuiltin(name) && !existsSync(name))).toEqual([])
    expect(imported.filter((name) => !isBuiltin(name) && !name.startsWith(out))).toEqual([])
  })
})

it("loads the command's start in one chunk, and its actions on demand", () => {
  const { out } = bundled("cli")
  const text = readFileSync(join(out, "main.mjs"), "utf8")
  const start = /import\("(\.\/chunks\/Process-[^"]+)"\)/.exec(text)?.[1] ?? ""
  const chunks = [...readFileSync(join(out, start), "utf8").matchAll(/"(\.\/chunk-[^"]+)"/g)].map(
    ([, name = ""]) => name
  )
  expect(chunks.length).toBeGreaterThan(0)
  // That of all, and what of esbuild's own is shared with main.mjs.
  expect(chunks.length).toBeLessThanOrEqual(2)
  const texts = chunks.map((name) => readFileSync(join(out, "chunks", name), "utf8")).join()
  expect(texts).toMatch(/import\("\.\/Status-[^"]+"\)/)
  expect(texts).not.toContain("SnapshotReading")
})

it("gives the VVM's server to those who run it in their own process", async () => {
  const { out, stderr } = bundled("vvm")
  expect(stderr).toBe("")
  expect(await import(pathToFileURL(join(out, "vvm.mjs")).href)).toHaveProperty("startVvm")
})

it("names what it can bundle when the app is unknown", () => {
  const { status, stderr } = run([bundler, "nothing"])
  expect(status).toBe(64)
  expect(stderr).toMatch(/apps\/ that has src\/main.ts; nothing has none/)
})
