import * as Either from "effect/Either"
import { describe, expect, it } from "vitest"
import * as Flags from "../src/Flags.ts"

const parse = (line: string) => Flags.parse(line.split(" ").filter((word) => word !== ""))
const value = (line: string) => Either.getOrElse(parse(line), (error) => error.message)
const message = (line: string) =>
  Either.match(parse(line), { onLeft: (error) => error.message, onRight: (invocation) => JSON.stringify(invocation) })

describe("flags", () => {
  it("read the verbs", () => {
    expect(value("up")).toEqual({ verb: "up", images: false })
    expect(value("up --nodes 5 --managers=3 --heartbeat 1s --images")).toEqual({
      ...{ verb: "up", nodes: 5, managers: 3, heartbeat: "1s", images: true }
    })
    expect(value("down")).toEqual({ verb: "down" })
    expect(value("status --json")).toEqual({ verb: "status", json: true })
    expect(value("images --tag t1 --app router --app cli")).toEqual({
      ...{ verb: "images", tag: "t1", apps: ["router", "cli"] }
    })
    expect(value("images --base")).toEqual({ verb: "images", apps: [] })
    expect(value("fault crash n3 --power-cut --wait")).toEqual({
      ...{ verb: "fault", fault: "crash", node: "n3", powerCut: true, wait: true }
    })
    expect([value("--help"), value("up -h"), value("help")]).toEqual(Array(3).fill({ verb: "help" }))
  })

  it("pass over a lone -- that a task runner hands on", () => {
    expect(value("up -- --nodes 4")).toEqual({ verb: "up", nodes: 4, images: false })
  })

  it("leave everything after exec's node to the program", () => {
    const expected = { verb: "exec", node: "n1", command: ["docker", "ps", "--all", "--", "--help"] }
    expect(value("exec n1 -- docker ps --all -- --help")).toEqual(expected)
    expect(value("exec n1 docker ps --all -- --help")).toEqual(expected)
  })

  it.each([
    ["", "A verb is missing"],
    ["fly", "no verb fly"],
    ["up --nodes ten", "--nodes takes a number from 1 to 9, not ten"],
    ["up --managers 0", "--managers takes a number"],
    ["up --heartbeat soon", "--heartbeat takes a duration"],
    ["up n1", "takes no argument n1"],
    ["down --json", "`lab down` takes no --json"],
    ["status --jsno", "--jsno"],
    ["images --base --app vvm", "--base or --app"],
    ["fault", "takes one of black-hole"],
    ["fault melt n1", "not melt"],
    ["fault crash", "takes one node"],
    ["fault crash n1 n2", "takes one node"],
    ["fault restore n1 --power-cut", "takes no --power-cut"],
    ["exec n1", "takes a node and a command"]
  ])("refuse `%s`", (line, expected) => {
    expect(message(line)).toContain(expected)
    expect(Either.isLeft(parse(line))).toBe(true)
  })
})
