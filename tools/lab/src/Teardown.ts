/** How these programs end: what was interrupted has shown nothing, and is no success. */
import * as Exit from "effect/Exit"
import type { Teardown } from "@effect/platform/Runtime"

/** As shells count a SIGINT. */
const interruptedExitCode = 130

export const teardown: Teardown = (exit, onExit) =>
  onExit(Exit.isSuccess(exit) ? Number(process.exitCode ?? 0) : Exit.isInterrupted(exit) ? interruptedExitCode : 1)
