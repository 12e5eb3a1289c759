/** An app from its deployed bundle, as a process: started, waited for until it says that it is ready, ended. */
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import { end, environment, hasEnded, Missing } from "./Children.ts"

export interface Bundle {
  readonly process: ChildProcess
  /** Of its admin server, without a path. */
  readonly admin: string
}

const askTimeoutMs = 2_000
const saidCharacters = 2_000

/** Resolves when `/readyz` of its admin server is answered with 200. Throws `Missing` without a bundle. */
export const startBundle = async (options: {
  /** As its build is called: `nx build router`. */
  readonly app: "router" | "rebalancer"
  /** Its main.mjs. */
  readonly path: string
  readonly adminPort: number
  readonly settings: Readonly<Record<string, string>>
  readonly readyWithinMs: number
}): Promise<Bundle> => {
  const { adminPort, app, path, readyWithinMs, settings } = options
  if (!existsSync(path)) throw new Missing(`${path} is not there (npx nx build ${app})`)
  const child = spawn(process.execPath, [path], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...environment(), ...settings }
  })
  let said = ""
  for (const output of [child.stdout, child.stderr])
    output.on("data", (bytes: Buffer) => (said = `${said}${bytes.toString()}`.slice(-saidCharacters)))
  const admin = `http://127.0.0.1:${adminPort}`
  const until = performance.now() + readyWithinMs
  while (!(await isReady(admin))) {
    if (hasEnded(child) || performance.now() > until) {
      await end(child, 0)
      throw new Error(`the ${app} does not become ready:\n${said}`)
    }
    await sleep(30)
  }
  return { process: child, admin }
}

const isReady = (admin: string): Promise<boolean> =>
  fetch(`${admin}/readyz`, { signal: AbortSignal.timeout(askTimeoutMs) }).then(
    ({ ok }) => ok,
    () => false
  )
