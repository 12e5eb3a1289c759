/** The files that a user names on the command line, read and written whole. A service, so that tests have files of their own. */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"

/** Represents a file that the system refused to read or write, with the system's reason. */
export class FileRefused extends Data.TaggedError("FileRefused")<{
  readonly path: string
  readonly reason: string
}> {
  override get message(): string {
    return `${this.path}: ${this.reason}`
  }
}

export class FileAccess extends Context.Tag("@evenkeel/cli/FileAccess")<
  FileAccess,
  {
    /** The text of the file, as UTF-8. */
    readonly read: (path: string) => Effect.Effect<string, FileRefused>
    /** Makes the file or replaces what it holds. */
    readonly write: (path: string, text: string) => Effect.Effect<void, FileRefused>
  }
>() {}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist",
  EACCES: "permission denied",
  EISDIR: "it is a directory",
  EROFS: "the file system is read-only"
}

const refusal = (path: string, reasons: Readonly<Record<string, string>>) => (cause: unknown) => {
  const code = typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : String(cause)
  return new FileRefused({ path, reason: reasons[code] ?? code })
}

export const ofSystem = FileAccess.of({
  read: (path) =>
    Effect.tryPromise({
      try: () => import("node:fs/promises").then(({ readFile }) => readFile(path, "utf8")),
      catch: refusal(path, reasons)
    }),
  write: (path, text) =>
    Effect.tryPromise({
      try: () => import("node:fs/promises").then(({ writeFile }) => writeFile(path, text)),
      catch: refusal(path, { ...reasons, ENOENT: "its folder does not exist" })
    })
})
