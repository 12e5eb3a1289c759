/** What Linux knows of a process: its memory and its processor time. */
import { readFileSync } from "node:fs"

/** `sysconf(_SC_CLK_TCK)` of every Linux that Node.js runs on. */
const ticksPerSecond = 100

/** User and system time of a `/proc/PID/stat`, in milliseconds. The command's name may hold blanks and brackets. */
export const cpuMillisOf = (stat: string): number => {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond
}

/** A line of `/proc/PID/status` in MiB; 0 where it is missing. */
export const mebibytesOf = (status: string, name: "VmRSS" | "VmHWM"): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0) / 1024

export const cpuMillis = (pid: number): number => cpuMillisOf(readFileSync(`/proc/${pid}/stat`, "utf8"))

export interface Memory {
  /** Resident now, and the most that was. */
  readonly nowMebibytes: number
  readonly mostMebibytes: number
}

export const memory = (pid: number): Memory => {
  const status = readFileSync(`/proc/${pid}/status`, "utf8")
  return { nowMebibytes: mebibytesOf(status, "VmRSS"), mostMebibytes: mebibytesOf(status, "VmHWM") }
}
