/**
 * A network and mount namespace that a whole lab lives in: its bridge, addresses and names are then its own, so that several
 * labs run on one machine side by side. It ends with the scope; what still runs in it keeps it alive, so the lab goes first.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { TargetFailed } from "./Target.ts"

/** Words to put before a command so that it runs inside. */
export type Enter = ReadonlyArray<string>

/** Names of network namespaces are files, which the mount namespace hides from the machine; the registry needs `lo`. */
const script = `set -e
ip link set lo up
mkdir -p /run/netns
mount -t tmpfs tmpfs /run/netns
echo ready
exec cat`

const failed = (reason: string) => new TargetFailed({ target: "lab", operation: "making its namespaces", reason })

/** Needs root on Linux. */
export const make: Effect.Effect<Enter, TargetFailed, Scope.Scope> = Effect.acquireRelease(
  Effect.async<{ readonly pid: number; readonly end: () => void }, TargetFailed>((resume) => {
    // In a process group of its own: an interrupt from the terminal must not end it before the lab is down.
    const holder = spawn("unshare", ["--net", "--mount", "--", "sh", "-c", script], {
      detached: true,
      stdio: ["pipe", "pipe", "pipe"]
    })
    let complaint = ""
    holder.stderr.on("data", (part: Buffer) => (complaint += part.toString("utf8")))
    holder.once("error", (error) => resume(failed(error.message)))
    holder.once("exit", (code) => resume(failed(complaint.trim() || `unshare ended with ${String(code)}`)))
    holder.stdout.once("data", () => resume(Effect.succeed({ pid: holder.pid ?? 0, end: () => holder.stdin.end() })))
  }),
  ({ end }) => Effect.sync(end)
).pipe(Effect.map(({ pid }) => ["nsenter", `--net=/proc/${pid}/ns/net`, `--mount=/proc/${pid}/ns/mnt`, "--"]))
