/** Reads the test vectors of other projects, where they lie beside the repository. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import * as path from "node:path"

const root = path.resolve(import.meta.dirname, "../../../../../shared/corpora")
export const llhttpFolder = path.join(root, "llhttp/test")
export const guardianFolder = path.join(root, "http-desync-guardian/tests")
export const exists = (folder: string): boolean => existsSync(folder)

export interface LlhttpCase {
  readonly name: string
  readonly input: string
  /** What llhttp in its strict mode made of it. */
  readonly error: string | null
  readonly completed: number
}

const unescape = (text: string): string =>
  text
    .replace(/\n$/, "")
    .replace(/\\\n/g, "")
    .replace(/\n/g, "\r\n")
    .replace(/\\r/g, "\r")
    .replace(/\\n/g, "\n")
    .replace(/\\t/g, "\t")
    .replace(/\\f/g, "\f")
    .replace(/\\x([0-9a-fA-F]+)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))

/** The strict cases of `request` or `response`: headings, a line of meta, bytes and the log of events. */
export const llhttpCases = (kind: "request" | "response"): ReadonlyArray<LlhttpCase> => {
  const folder = path.join(llhttpFolder, kind)
  return readdirSync(folder).flatMap((file) => {
    const text = readFileSync(path.join(folder, file), "utf8")
    const pattern =
      /^#+ ([^\n]*)\n(?:(?!^#+ |^```http)[^])*?<!-- meta=(\{[^\n]*\}) -->\s*```http\n([^]*?)```\s*```log\n([^]*?)```/gm
    return [...text.matchAll(pattern)].flatMap(([, name = "", meta = "{}", input = "", log = ""]) => {
      const { type, pause, skipBody } = JSON.parse(meta) as { type: string; pause?: string; skipBody?: boolean }
      if (type !== kind || pause !== undefined || skipBody === true) return []
      const error = /error code=(\d+ reason="[^\n]*")/.exec(log)?.[1] ?? null
      const completed = log.split("message complete").length - 1
      return [{ name: `${file} ${name}`, input: unescape(input), error, completed }]
    })
  })
}

export interface GuardianCase {
  readonly name: string
  readonly tier: string
  readonly request: string
}

const scalar = (text: string): string => {
  const value = text.trim()
  if (value.startsWith('"')) {
    return value
      .slice(1, value.lastIndexOf('"'))
      .replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)/g, (_, code: string) => {
        if (/^[xu]./.test(code)) return String.fromCharCode(parseInt(code.slice(1), 16))
        return { r: "\r", n: "\n", t: "\t", f: "\f", v: "\v", b: "\b", "0": "\0", e: "\x1b" }[code] ?? code
      })
  }
  return value.startsWith("'") ? value.slice(1, value.lastIndexOf("'")).replaceAll("''", "'") : value
}

/** Characters beyond Latin-1 as the octets they have on the wire. */
const asUtf8 = (text: string): string => (/[^\0-\xff]/.test(text) ? Buffer.from(text, "utf8").toString("latin1") : text)

/** The requests described there, with a Host where none is described: its absence is not what they are about. */
export const guardianCases = (): ReadonlyArray<GuardianCase> =>
  readdirSync(guardianFolder)
    .filter((file) => file.endsWith(".yaml"))
    .flatMap((file) =>
      readFileSync(path.join(guardianFolder, file), "utf8")
        .split(/^(?=- name:)/m)
        .filter((block) => block.startsWith("- name:"))
        .map((block) => {
          const field = (name: string) => scalar(new RegExp(`^\\s{2}${name}:(.*)$`, "m").exec(block)?.[1] ?? "")
          const [before = "", expected = ""] = block.split(/^ {2}expected:/m)
          const headers = [...before.matchAll(/^ {4}- name:(.*)\n\s*value:(.*)$/gm)].map(
            ([, name = "", value = ""]) => `${scalar(name)}: ${scalar(value)}\r\n`
          )
          const host = headers.some((line) => /^host:/i.test(line)) ? "" : "Host: h\r\n"
          return {
            name: `${file} ${scalar(block.split("\n")[0]?.slice(7) ?? "")}`,
            tier: /tier:\s*(\w+)/.exec(expected)?.[1] ?? "",
            request: asUtf8(`${field("method")} ${field("uri")} ${field("version")}\r\n${host}${headers.join("")}\r\n`)
          }
        })
    )
