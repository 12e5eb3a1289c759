import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as TableFile from "../src/TableFile.ts"
import type { TableView } from "../src/TableView.ts"

const text = (...names: ReadonlyArray<string>) =>
  JSON.stringify({ services: names.map((name) => ({ name, endpoints: ["127.0.0.1:9001"] })) })

const names = ({ table }: TableView) => table?.services.map(({ name }) => name).join()

const until = (view: SubscriptionRef.SubscriptionRef<TableView>, expected: string) =>
  Stream.runHead(Stream.filter(view.changes, (one) => names(one) === expected)).pipe(Effect.map(Option.getOrThrow))

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "evenkeel-table-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

/** Error lines, as they are logged. */
const errorLog = Effect.map(Queue.unbounded<string>(), (lines) => ({
  next: Queue.take(lines),
  layer: Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ logLevel, message }) => {
      if (logLevel.label === "ERROR") lines.unsafeOffer(String(message))
    })
  )
}))

describe("TableFile", { timeout: 20_000 }, () => {
  it.scopedLive("follows the file through writes and replacements, and keeps the last good table", () =>
    Effect.gen(function* () {
      const file = join(yield* directory, "table.json")
      writeFileSync(file, text("one"))
      const errors = yield* errorLog
      const view = yield* Effect.provide(TableFile.follow(file), errors.layer)
      const first = yield* SubscriptionRef.get(view)
      expect([names(first), first.source, first.version]).toEqual(["one", file, null])

      writeFileSync(file, text("one", "two"))
      const second = yield* until(view, "one,two")

      writeFileSync(file, '{"services":[{"name":7}]}')
      expect(yield* errors.next).toContain("services[0].name")
      expect((yield* SubscriptionRef.get(view)).table).toBe(second.table)

      unlinkSync(file)
      expect(yield* errors.next).toContain("ENOENT")
      expect((yield* SubscriptionRef.get(view)).table).toBe(second.table)

      writeFileSync(`${file}.new`, text("three"))
      renameSync(`${file}.new`, file)
      yield* until(view, "three")
    })
  )

  it.scoped("fails at the start where there is no good table", () =>
    Effect.gen(function* () {
      const path = yield* directory
      const missing = yield* Effect.exit(TableFile.follow(join(path, "none.json")))
      expect(Exit.isFailure(missing) && String(missing.cause)).toContain("cannot read the table")
      const wrong = join(path, "wrong.json")
      writeFileSync(wrong, "{}")
      expect((yield* Effect.flip(TableFile.follow(wrong))).message).toContain("services")
    })
  )
})
