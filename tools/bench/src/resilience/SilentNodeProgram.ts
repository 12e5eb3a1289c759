/** A program: two tasks of one node. `node SilentNodeProgram.ts NAME HOST` prints their ports. */
import { Task } from "./Task.ts"

const [name = "", host = ""] = process.argv.slice(2)
const tasks = [1, 2].map((number) => new Task({ name: `${name}-${number}`, node: name, host, backlog: 1 }))
for (const task of tasks) await task.start()
process.stdout.write(`${tasks.map(({ port }) => port).join(" ")}\n`)
