/** The VVM as a process: settings from the environment, a graceful end on SIGTERM or SIGINT, an immediate one on the second. */
import { startVvm } from "./Vvm.ts"
import { fromEnvironment, VvmOptionsInvalid } from "./VvmOptions.ts"

const say = (message: string): void => void process.stderr.write(`vvm: ${message}\n`)

try {
  const options = fromEnvironment(process.env)
  const { node, service, task } = options.identity
  const vvm = await startVvm(options)
  say(`${service} (task ${task} on ${node}) listens on port ${vvm.port}`)
  let stopping = false
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(signal === "SIGINT" ? 130 : 143)
    stopping = true
    say(`${signal}: draining`)
    void vvm.close().then(() => process.exit(0))
  }
  process.on("SIGTERM", stop)
  process.on("SIGINT", stop)
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = error instanceof VvmOptionsInvalid ? 64 : 1
}
