/** The table of HTTP's rules in the documentation names tests: they must be there. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"

const root = join(import.meta.dirname, "../../../..")
const folders = [import.meta.dirname, join(root, "libs/http1/test")]
const page = readFileSync(join(root, "docs/subsystems/router-engine.md"), "utf8")

/** Last cells such as `File` "name", "name"; `Other` "name". */
const named = page
  .split("\n")
  .filter((line) => line.startsWith("|"))
  .flatMap((line) => [...(line.split("|").at(-2) ?? "").matchAll(/`(\w+)`((?:,? "[^"]+")+)/g)])
  .flatMap(([, file = "", names = ""]) => [...names.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => ({ file, name })))

describe("the rules of HTTP in the documentation", () => {
  it("are many", () => expect(named.length).toBeGreaterThan(50))

  it.each(named)("are held by $file: $name", ({ file, name }) => {
    const path = folders.map((folder) => join(folder, `${file}.test.ts`)).find((one) => existsSync(one))
    expect(path).toBeDefined()
    expect(readFileSync(path ?? "", "utf8")).toContain(`"${name}"`)
  })
})
