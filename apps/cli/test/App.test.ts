import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import * as CommandTree from "../src/CommandTree.ts"
import * as Parsing from "../src/grammar/Parsing.ts"
import { even, makeShell } from "./harness.ts"

const escape = "\u001b["

describe("help", () => {
  it.scoped("goes to stdout, examples before usage, without colours in a pipe", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      const { code, stderr, stdout } = yield* shell.run("node drain --help")
      expect(code).toBe(0)
      expect(stderr).toBe("")
      expect(stdout).not.toContain(escape)
      expect(stdout.split("\n").filter((line) => /^[A-Z]+$/.test(line))).toEqual([
        "EXAMPLES",
        "USAGE",
        "ARGUMENTS",
        "OPTIONS"
      ])
      expect(stdout).toContain("  evenkeel node drain [options] <node>\n")
      expect(stdout).toMatch(/^ {2}-y, --yes +Do not ask/m)
    })
  )

  it.scoped("is shown by a command that needs a further word, and names the words there are", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      const { code, stdout } = yield* shell.run("node")
      expect(code).toBe(0)
      expect(stdout).toMatch(/^ {2}activate {2}Lets a drained/m)
      expect((yield* shell.run("")).stdout).toMatch(/^ {2}node drain +Moves the tasks off/m)
    })
  )

  it.scoped("is shown wherever --help or -h stands, and by help", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      const { stdout } = yield* shell.run("plan --help")
      for (const line of ["plan -h", "plan --explain --help", "plan --out -x -h", "help plan"])
        expect(yield* shell.run(line), line).toEqual({ code: 0, stdout, stderr: "" })
      expect((yield* shell.run("plan --explain --version")).stdout).toBe("development\n")
    })
  )

  it.scoped("is coloured on a terminal, by FORCE_COLOR and by --color, and never against NO_COLOR", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      const isColored = (line: string, surroundings: Parameters<typeof shell.run>[1]) =>
        Effect.map(shell.run(line, surroundings), ({ stdout }) => stdout.includes(escape))
      expect(yield* isColored("plan --help", { columns: 80 })).toBe(true)
      expect(yield* isColored("plan --help", { columns: 80, environment: { NO_COLOR: "1" } })).toBe(false)
      expect(yield* isColored("plan --help", { columns: 80, environment: { TERM: "dumb" } })).toBe(false)
      expect(yield* isColored("plan --help", { environment: { FORCE_COLOR: "1" } })).toBe(true)
      expect(yield* isColored("plan --color always --help", { environment: { NO_COLOR: "1" } })).toBe(true)
      expect(yield* isColored("status --color=never", { columns: 80 })).toBe(false)
      expect(yield* isColored("status", { columns: 80 })).toBe(true)
    })
  )
})

describe("examples", () => {
  /** The words of a shell's command line: quotes hold words together. */
  const wordsOf = (line: string) =>
    [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, plain]) => single ?? double ?? plain ?? "")

  for (const command of CommandTree.commands)
    it(`of ${command.path.join(" ")} are there, and are understood`, () => {
      expect(command.examples.length).toBeGreaterThan(0)
      for (const [line] of command.examples) {
        // Variables are the command's to see, not the typing shell's to replace.
        expect(line).not.toMatch(/^[^']*\$/)
        const [program, ...words] = wordsOf(line.replaceAll("--json", "--format json"))
        expect(program).toBe("evenkeel")
        expect(CommandTree.pathOf(words), line).toEqual({ path: command.path, mistake: null })
        const parsed = Parsing.parse("evenkeel", command.options(), words.slice(command.path.length))
        expect(parsed, line).toMatchObject({ _tag: "Understood" })
      }
    })
})

describe("a wrong command line", () => {
  const cases: ReadonlyArray<readonly [line: string, stderr: string]> = [
    ["plann", 'evenkeel: there is no command "evenkeel plann". Did you mean "plan"?\nSee: evenkeel --help\n'],
    [
      "node drian n1",
      'evenkeel: there is no command "evenkeel node drian". Did you mean "drain"?\nSee: evenkeel node --help\n'
    ],
    ["drain n1", 'evenkeel: there is no command "evenkeel drain". Did you mean "node drain"?\nSee: evenkeel --help\n'],
    [
      "plan --frmat json",
      'evenkeel: "evenkeel plan" has no option --frmat. Did you mean "--format"?\nSee: evenkeel plan --help\n'
    ],
    ["status --wizard", 'evenkeel: "evenkeel status" has no option --wizard.\nSee: evenkeel status --help\n'],
    ["plan --format xml", "evenkeel: --format xml: expected table or json\nSee: evenkeel plan --help\n"],
    [
      "plan --cool-down 5",
      "evenkeel: --cool-down 5: expected a duration such as 500ms, 30s, 2m or 1h\nSee: evenkeel plan --help\n"
    ],
    ["node drain", 'evenkeel: "evenkeel node drain" needs <node>\nSee: evenkeel node drain --help\n'],
    [
      "node drain n1 n2",
      'evenkeel: "evenkeel node drain" takes no further argument: "n2"\nSee: evenkeel node drain --help\n'
    ],
    ["node drain ''", "evenkeel: <node> is empty\nSee: evenkeel node drain --help\n"],
    ["pause ''", "evenkeel: <service> is empty\nSee: evenkeel pause --help\n"],
    ["plan n1", 'evenkeel: "evenkeel plan" takes no argument: "n1"\nSee: evenkeel plan --help\n'],
    ["plan --out", "evenkeel: --out needs a value: file\nSee: evenkeel plan --help\n"],
    ["plan --explain=yes", 'evenkeel: --explain takes no value: "--explain=yes"\nSee: evenkeel plan --help\n'],
    ["plan -x", 'evenkeel: "evenkeel plan" has no option -x.\nSee: evenkeel plan --help\n'],
    ["plan --out --json", "evenkeel: --out needs a value: file\nSee: evenkeel plan --help\n"],
    [
      "status --jsn",
      'evenkeel: "evenkeel status" has no option --jsn. Did you mean "--json"?\nSee: evenkeel status --help\n'
    ],
    [
      "node --explain",
      'evenkeel: "evenkeel node" has no option --explain. Options follow the whole command.\nSee: evenkeel node --help\n'
    ],
    [
      "--json status",
      'evenkeel: "evenkeel" has no option --json. Options follow the whole command.\nSee: evenkeel --help\n'
    ],
    [
      "pause --for 0s",
      "evenkeel: --for 0s: expected a duration such as 500ms, 30s, 2m or 1h, above 0\nSee: evenkeel pause --help\n"
    ],
    ["history --limit -1", "evenkeel: --limit -1: expected a whole number, 0 or more\nSee: evenkeel history --help\n"],
    ["--completions tcsh", "evenkeel: --completions tcsh: expected bash, zsh or fish\nSee: evenkeel --help\n"]
  ]
  for (const [line, expected] of cases)
    it.scoped(`evenkeel ${line}: told once, on stderr, exit code 64`, () =>
      Effect.gen(function* () {
        const shell = yield* makeShell(even)
        expect(yield* shell.run(line)).toEqual({ code: 64, stdout: "", stderr: expected })
      })
    )

  it.scoped("knows every option under its own name", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      for (const line of ["plan --detailed-exitcode --cool-down 1m --explain", "status --host unix:///x --debug"])
        expect((yield* shell.run(line)).code, line).not.toBe(64)
      const drained = yield* shell.run("node drain n1 --now --yes --detach --timeout 1s --color never")
      expect(drained.code).toBe(0)
      const maintain =
        "node maintain --all --return-timeout 1s --command x --force-rest --keep-going --move-deadline 1s"
      expect((yield* shell.run(maintain)).stderr).toContain("asks before it acts")
      expect((yield* shell.run("apply --yes --stability 0s --move-deadline 1m")).code).not.toBe(64)
    })
  )
})

describe("version and completions", () => {
  it.scoped("say which build this is", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      expect(yield* shell.run("version")).toEqual({
        code: 0,
        stdout: `evenkeel development (Node ${process.versions.node})\n`,
        stderr: ""
      })
      expect(JSON.parse((yield* shell.run("version --format json")).stdout)).toEqual({
        apiVersion: "evenkeel/v1",
        kind: "Version",
        version: "development",
        node: process.versions.node
      })
      expect((yield* shell.run("--version")).stdout).toBe("development\n")
    })
  )

  it.scoped("complete words and options in bash", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      const { code, stdout } = yield* shell.run("--completions bash")
      expect(code).toBe(0)
      const completed = (line: string) => {
        const words = line.split(" ")
        const script = `${stdout}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}) COMP_CWORD=${words.length - 1}\n_evenkeel\necho "\${COMPREPLY[@]}"`
        return spawnSync("bash", ["-c", script], { encoding: "utf8" }).stdout.trim()
      }
      expect(completed("evenkeel node ")).toBe("ls drain activate maintain --help")
      expect(completed("evenkeel sim no")).toBe("node")
      expect(completed("evenkeel sim node cr")).toBe("crash")
      expect(completed("evenkeel node drain n3 --for")).toBe("--force-rest --format")
      expect(completed("evenkeel --v")).toBe("--version")
    })
  )

  it.scoped("are there for zsh and fish, with every command", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      expect((yield* shell.run("--completions zsh")).stdout).toMatch(/^autoload -U \+X bashcompinit && bashcompinit\n/)
      const fish = (yield* shell.run("--completions=fish")).stdout
      expect(fish).toContain("-n '__evenkeel_after node' -f -a drain -d 'Moves the tasks off a node")
      expect(fish).toContain("-n '__evenkeel_after history' -l limit -s n -r -d 'How many")
      expect(fish).not.toContain(escape)
    })
  )
})

describe("what is typed", () => {
  it.scoped("may stand as GNU programs take it", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      const { stdout } = yield* shell.run("history --limit 5 --format json")
      for (const line of ["history -n 5 --json", "history -n5 --format=json", "history --json --limit=5 --format json"])
        expect(yield* shell.run(line), line).toEqual({ code: 0, stdout, stderr: "" })
      expect((yield* shell.run("node drain n1 -yd --now")).code).toBe(0)
      expect((yield* shell.run("node drain --yes -- --now")).stderr).toContain("there is no node --now")
    })
  )

  it.scoped("is explained within the width of the terminal", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      for (const line of ["--help", "node drain --help", "drill --help"]) {
        const { stdout } = yield* shell.run(line, { columns: 72, environment: { NO_COLOR: "1" } })
        const examples = /EXAMPLES\n[^]*?\n\n/
        for (const text of stdout.replace(examples, "").split("\n")) expect(text.length, text).toBeLessThanOrEqual(72)
        expect(stdout.replaceAll(/\s+/g, " ")).toBe((yield* shell.run(line)).stdout.replaceAll(/\s+/g, " "))
      }
    })
  )
})

describe("an engine that fails", () => {
  it.scoped("exit code 5, the engine and the cure on stderr, nothing on stdout", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      yield* shell.control.fail({ kind: "unreachable" }, { times: 10 })
      const { code, stderr, stdout } = yield* shell.run("status")
      expect({ code, stdout }).toEqual({ code: 5, stdout: "" })
      expect(stderr).toMatch(/^evenkeel: Docker at memory cannot be reached .*\n$/)
    })
  )

  it.scoped("a worker is not asked: exit code 5", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      const message = "This node is not a swarm manager."
      yield* shell.control.fail({ kind: "status", status: 503, message }, { path: "/nodes" })
      const { code, stderr } = yield* shell.run("plan")
      expect(code).toBe(5)
      expect(stderr).toContain("is not a Swarm manager")
    })
  )

  it.scoped("any other refusal: exit code 1, a stack only with --debug", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(even)
      const refuse = shell.control.fail({ kind: "status", status: 500, message: "disk on fire" }, { path: "/nodes" })
      yield* refuse
      const terse = yield* shell.run("status")
      expect(terse.code).toBe(1)
      expect(terse.stderr).toContain("disk on fire")
      expect(terse.stderr.trim().split("\n")).toHaveLength(1)
      yield* refuse
      expect((yield* shell.run("status --debug")).stderr).toMatch(/\n\s+at /)
    })
  )
})
