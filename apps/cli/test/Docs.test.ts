import { globSync, existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { describe, expect, it } from "vitest"
import * as CommandTree from "../src/CommandTree.ts"
import { checks } from "../src/doctor/Finding.ts"

const workspace = join(import.meta.dirname, "../../..")
const pages = ["*.md", "docs/**/*.md"].flatMap((pattern) => globSync(pattern, { cwd: workspace }))
const textOf = (page: string) => readFileSync(join(workspace, page), "utf8")

/** As GitHub makes them of headings. */
const anchorsOf = (text: string) =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(" ", "-")
  )

/** What is wrong with a link of `page`; null where nothing is. */
const wrongLink = (page: string, link: string): string | null => {
  if (/^[a-z]+:/.test(link)) return null
  const [file = "", anchor] = link.split("#")
  const target = file === "" ? page : join(dirname(page), file)
  if (!existsSync(join(workspace, target))) return `${page}: ${link}: there is no ${target}`
  if (anchor === undefined || !target.endsWith(".md") || anchorsOf(textOf(target)).includes(anchor)) return null
  return `${page}: ${link}: ${target} has no such heading`
}

/** Words in code that begin with the command's name and name no command. */
const wrongCommands = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/(?:^|`|[>$|(] )evenkeel ((?:[a-z-]+ ?)+)/gm)].flatMap(([whole, words = ""]) => {
    const { mistake } = CommandTree.pathOf(words.trim().split(" "))
    return mistake === null ? [] : [`${whole.trim()}: ${mistake}`]
  })

describe("the docs", () => {
  it("are found", () => expect(pages).toEqual(expect.arrayContaining(["README.md", "docs/cli.md"])))

  it.each(pages)("%s: links lead somewhere", (page) => {
    const links = [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link)
    expect(links.flatMap((link) => wrongLink(page, link) ?? [])).toEqual([])
  })

  it.each(pages)("%s: commands exist", (page) => {
    expect(wrongCommands(textOf(page))).toEqual([])
  })

  it("name every command in docs/cli.md", () => {
    const text = textOf("docs/cli.md")
    const missing = CommandTree.commands.filter(({ path: [first = ""] }) => !text.includes(`evenkeel ${first}`))
    expect(missing.map(({ path }) => path.join(" "))).toEqual([])
  })

  it("say in docs/runbook.md what each check of the doctor may find, and of no other", () => {
    const [, table = ""] = textOf("docs/runbook.md").split("## What `evenkeel doctor` finds")
    const named = [...(table.split("\n## ")[0] ?? "").matchAll(/^\| `([a-z]+)` /gm)].map(([, check]) => check)
    expect(named).toEqual([...checks])
  })

  it("would notice", () => {
    expect(wrongLink("README.md", "docs/none.md")).toContain("there is no docs/none.md")
    expect(wrongLink("README.md", "docs/cli.md#none")).toContain("no such heading")
    expect(wrongCommands("`evenkeel drian n3`")).toHaveLength(1)
  })
})
