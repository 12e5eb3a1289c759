/** What Linux says of a process in `/proc` (proc(5)), as figures. Pure. */

/** `sysconf(_SC_CLK_TCK)` of every Linux that Node.js runs on. */
const ticksPerSecond = 100

export interface Stat {
  readonly parent: number
  /** User time, user and system time, and that of all children that have ended. */
  readonly userSeconds: number
  readonly seconds: number
  readonly childrenSeconds: number
}

/** Of the text of `/proc/PID/stat`; the name in parentheses may hold anything. */
export const parseStat = (text: string): Stat => {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
  const [user, system, childrenUser, childrenSystem] = [11, 12, 13, 14].map((at) => Number(fields[at]))
  return {
    parent: Number(fields[1]),
    userSeconds: (user ?? 0) / ticksPerSecond,
    seconds: ((user ?? 0) + (system ?? 0)) / ticksPerSecond,
    childrenSeconds: ((childrenUser ?? 0) + (childrenSystem ?? 0)) / ticksPerSecond
  }
}

/** A line of the text of `/proc/PID/status` in KiB: resident now, or the most that was; 0 where it is missing. */
export const kibibytesOf = (status: string, name: "VmRSS" | "VmHWM"): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0)
