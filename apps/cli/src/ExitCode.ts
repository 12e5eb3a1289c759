/**
 * The exit codes of the command, each with one meaning; `docs/cli.md` documents them. Scripts rely on them, so a code is
 * never given a second meaning. Which error ends with which code is `Failure`'s business.
 */
import * as Data from "effect/Data"

/** Done as asked. */
export const ok = 0
/** Failed for a reason that has no code of its own. */
export const failure = 1
/** `plan --detailed-exitcode` only: there are moves to make. */
export const changesPending = 2
/** What was begun did not come to its end: a move was undone or held, or tasks did not leave in time. */
export const notConverged = 3
/** Somebody changed what the command relied on: a stale plan, a version that has passed. */
export const conflict = 4
/** The engine cannot be reached, is no manager, or its Swarm has no leader. */
export const engineUnusable = 5
/** `doctor` only: something is to be mended. */
export const problemsFound = 6
/** `drill` only: requests failed. */
export const requestsFailed = 7
/** The command line is wrong (EX_USAGE of sysexits.h). */
export const usage = 64
/** Stopped by Ctrl-C (128 + SIGINT), SIGTERM or a terminal that was closed. */
export const interrupted = 130

/**
 * Represents a command that did what it was asked and still ends with a code of its own. Says nothing: the result is already
 * on stdout.
 */
export class ExitWith extends Data.TaggedError("ExitWith")<{ readonly exitCode: number }> {}
