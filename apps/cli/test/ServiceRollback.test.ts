import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as MoveJournal from "@evenkeel/domain/MoveJournal"
import * as SpecText from "@evenkeel/swarm-client/SpecText"
import { makeShell, obeyPins, type Shell, uneven } from "./harness.ts"

const images = ["TaskTemplate", "ContainerSpec", "Image"]

const patched = (specText: string, path: SpecText.Path, value: string | null) =>
  Either.getOrThrow(SpecText.apply(specText, [{ path, value }])).text

/** Every service was deployed as vvm:0 before. */
const deployedTwice = (shell: Shell) =>
  Effect.forEach(["svc1", "svc2", "svc3", "svc4", "svc5", "svc6"], (id) =>
    Effect.gen(function* () {
      const { specText } = yield* shell.client.service(id)
      yield* shell.control.patch("services", id, [
        { path: ["PreviousSpec"], value: patched(specText, images, '"vvm:0"') }
      ])
    })
  )

const specOf = ({ control }: Shell, id: string) =>
  Effect.map(control.textOf("services", id), (text = "{}") => SpecText.get(text, ["Spec"]) ?? "")

/** The service that `apply` moves first. */
const firstMoved = (shell: Shell) =>
  Effect.map(control(shell), (paths) => /services\/(svc\d)\/update/.exec(paths.join(" "))?.[1] ?? "")
const control = (shell: Shell) => Effect.map(shell.control.requests, (all) => all.map(({ path }) => path))

describe("service rollback", () => {
  it.scoped("goes back after a move to what the user had before, and shows what changes", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(uneven, obeyPins)
      yield* deployedTwice(shell)
      expect((yield* shell.run("apply --yes --cool-down 0s")).code).toBe(0)
      const id = yield* firstMoved(shell)
      const own = yield* specOf(shell, id)
      expect(yield* shell.client.listConfigs()).toHaveLength(2)

      const { code, stderr, stdout } = yield* shell.run(`service rollback ${id} --color never`, { answers: ["y"] })
      expect(code).toBe(0)
      expect(stderr).toContain("goes back to the previous spec that was kept when the service was moved:")
      expect(stderr).toContain(
        '- TaskTemplate.ContainerSpec.Image: "vvm:1"\n+ TaskTemplate.ContainerSpec.Image: "vvm:0"\n'
      )
      expect(stdout).toMatch(/^vvm\d is going back: docker service ps vvm\d\n$/)
      expect(yield* specOf(shell, id)).toBe(patched(own, images, '"vvm:0"'))
      // The other moved service keeps its own.
      expect(yield* shell.client.listConfigs()).toHaveLength(1)

      // Back again is Swarm's own rollback: no move has come in between.
      const again = yield* shell.run(`service rollback ${id} --yes --format json`)
      expect(JSON.parse(again.stdout)).toMatchObject({ kind: "RolledBack", service: id, source: "swarm" })
      expect(yield* specOf(shell, id)).toBe(own)
    })
  )

  it.scoped("is Swarm's own where no move has happened", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(uneven)
      yield* deployedTwice(shell)
      const { code } = yield* shell.run("service rollback vvm1 --yes")
      expect(code).toBe(0)
      const [posted] = (yield* shell.control.requests).filter(({ method }) => method === "POST")
      expect(posted?.query).toMatchObject({ rollback: "previous" })
    })
  )

  it.scoped("in the middle of a move goes back to the user's spec without what the move left", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(uneven, obeyPins)
      yield* deployedTwice(shell)
      yield* shell.interruptAt("apply --yes --cool-down 0s", "waiting until it has been stable")
      const moving = (yield* shell.client.services).find(({ labels }) => MoveJournal.read(labels)._tag === "Found")
      const id = moving?.id ?? ""
      const { code, stderr } = yield* shell.run(`service rollback ${id} --yes`)
      expect(stderr).toContain("A move of it is under way")
      expect(code).toBe(0)
      const spec = yield* specOf(shell, id)
      expect(SpecText.get(spec, images)).toBe('"vvm:0"')
      expect(spec).not.toMatch(/evenkeel\.journal|node\.id|start-first/)
    })
  )

  it.scoped("says so where there is nothing to go back to", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(uneven)
      const { code, stderr } = yield* shell.run("service rollback vvm1 --yes")
      expect(code).toBe(1)
      expect(stderr).toContain("service vvm1 has no previous spec to go back to")
    })
  )

  it.scoped("writes nothing when somebody else has written since: exit code 4", () =>
    Effect.gen(function* () {
      const shell = yield* makeShell(uneven)
      yield* deployedTwice(shell)
      const message = "rpc error: code = Unknown desc = update out of sequence"
      yield* shell.control.fail({ kind: "status", status: 500, message }, { path: "/services/svc1/update" })
      expect((yield* shell.run("service rollback vvm1 --yes")).code).toBe(4)
    })
  )
})
