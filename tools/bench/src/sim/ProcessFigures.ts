/** What Linux knows of a process: its memory and its processor time. Throws where it is not there. */
import { readFileSync } from "node:fs"
import { kibibytesOf, parseStat } from "../ProcText.ts"

export const cpuMillis = (pid: number): number => parseStat(readFileSync(`/proc/${pid}/stat`, "utf8")).seconds * 1_000

export interface Memory {
  /** Resident now, and the most that was. */
  readonly nowMebibytes: number
  readonly mostMebibytes: number
}

export const memory = (pid: number): Memory => {
  const status = readFileSync(`/proc/${pid}/status`, "utf8")
  return { nowMebibytes: kibibytesOf(status, "VmRSS") / 1_024, mostMebibytes: kibibytesOf(status, "VmHWM") / 1_024 }
}
