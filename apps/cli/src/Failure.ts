/**
 * What an error tells the user and which exit code it ends with. Errors carry their own words; here they only get their code,
 * and what is no known error is named as a fault of the program.
 */
import * as Cause from "effect/Cause"
import * as Option from "effect/Option"
import * as ExitCode from "./ExitCode.ts"

const codeByTag: Readonly<Record<string, number>> = {
  NotConverged: ExitCode.notConverged,
  PlanStale: ExitCode.conflict,
  DecisionOvertaken: ExitCode.conflict,
  StepRefused: ExitCode.conflict,
  ServiceVersionConflict: ExitCode.conflict,
  NodeVersionConflict: ExitCode.conflict,
  DocumentContended: ExitCode.conflict,
  EngineUnreachable: ExitCode.engineUnusable,
  EngineTimedOut: ExitCode.engineUnusable,
  NotAManager: ExitCode.engineUnusable,
  SwarmHasNoLeader: ExitCode.engineUnusable,
  NotEmbedded: ExitCode.engineUnusable,
  SimOptionsInvalid: ExitCode.usage,
  SettingWrong: ExitCode.usage,
  EndpointInvalid: ExitCode.usage,
  NodesUnclear: ExitCode.usage,
  TargetWrong: ExitCode.usage,
  ApiUrlWrong: ExitCode.usage,
  NobodyToAsk: ExitCode.usage,
  NobodyWaitedFor: ExitCode.usage
}

export interface Failure {
  readonly exitCode: number
  /** For stderr: one or more lines. */
  readonly text: string
}

const tagOf = (error: unknown): string | undefined =>
  typeof error === "object" && error !== null && "_tag" in error && typeof error._tag === "string"
    ? error._tag
    : undefined

/** The failure that a cause amounts to. With `debug` the text ends with the stack. */
export const of = (cause: Cause.Cause<unknown>, debug: boolean): Failure => {
  if (Cause.isInterruptedOnly(cause)) return { exitCode: ExitCode.interrupted, text: "evenkeel: interrupted" }
  const stack = debug ? `\n${Cause.pretty(cause, { renderErrorCause: true })}` : ""
  const error = Option.getOrUndefined(Cause.failureOption(cause))
  if (error === undefined) {
    const defect = Cause.squash(cause)
    const words = defect instanceof Error ? defect.message : String(defect)
    const cure = debug ? "" : " Run it again with --debug and report what it shows."
    return { exitCode: ExitCode.failure, text: `evenkeel: a fault of this program: ${words}.${cure}${stack}` }
  }
  const words = error instanceof Error ? error.message : String(error)
  return { exitCode: codeByTag[tagOf(error) ?? ""] ?? ExitCode.failure, text: `evenkeel: ${words}${stack}` }
}
