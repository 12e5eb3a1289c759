/** The real docker command against the embedded Swarm: what a user types, and what comes of it. */
import { execFile, spawn } from "node:child_process"
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Sim, startSim } from "./harness.ts"

const isRunnable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Every docker command on PATH: their versions may differ. */
const commands = [
  ...new Set((process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "docker")))
].filter((path) => isRunnable(path) && path !== "/bin/docker")

if (commands.length === 0)
  // eslint-disable-next-line no-console -- the only way to say why nothing was tested
  console.warn("No docker command on PATH: install the docker CLI to test it against the embedded Swarm")

const stackFile = join(import.meta.dirname, "../../../../deploy/stack.yml")

describe.each(commands)("%s", (docker) => {
  let sim: Sim
  let folder: string
  const environment = () => ({
    ...process.env,
    DOCKER_HOST: `unix://${sim.socketOf("n1")}`,
    DOCKER_CONFIG: folder,
    EVENKEEL_TOKEN_PATH: join(folder, "token.txt"),
    EVENKEEL_STICKY_KEY_PATH: join(folder, "token.txt")
  })

  const run = (...args: ReadonlyArray<string>): Promise<string> =>
    new Promise((resolve, reject) => {
      execFile(docker, [...args], { env: environment() }, (error, stdout, stderr) => {
        if (error === null) resolve(stdout.trimEnd())
        else reject(new Error(`docker ${args.join(" ")}: ${stderr}`))
      })
    })
  const lines = async (...args: ReadonlyArray<string>) => (await run(...args)).split("\n").filter((line) => line !== "")
  const fails = (...args: ReadonlyArray<string>) =>
    run(...args).then(
      () => "succeeded",
      (error: unknown) => String(error)
    )

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "evenkeel-cli-"))
    writeFileSync(join(folder, "token.txt"), "a token of at least thirty-two characters")
    // The command waits for tasks in the machine's time.
    sim = await startSim({ nodes: 4, managers: 3, speed: 50 })
  })
  afterAll(async () => {
    await sim.stop()
    rmSync(folder, { recursive: true })
  })

  it("shows the engine and its Swarm", async () => {
    const info = await run("info")
    expect(info).toContain("Swarm: active")
    expect(info).toContain("Managers: 3")
    expect(info).toContain("Nodes: 4")
    expect(await run("version", "--format", "{{.Server.Os}}")).toBe("linux")
  })

  it("lists, inspects, updates and promotes nodes", async () => {
    const rows = await lines("node", "ls", "--format", "{{.Hostname}} {{.Status}} {{.Availability}} {{.ManagerStatus}}")
    expect(rows).toEqual(
      ["n1 Ready Active Leader", "n2 Ready Active Reachable", "n3 Ready Active Reachable", "n4 Ready Active "]
        .map((row) => row.trimEnd())
        .map((row) => expect.stringMatching(`^${row} ?$`) as string)
    )
    expect(await run("node", "inspect", "n2", "--format", "{{.Description.Hostname}}")).toBe("n2")
    await run("node", "update", "--label-add", "zone=a", "--availability", "pause", "n4")
    expect(await run("node", "inspect", "n4", "--format", "{{.Spec.Labels.zone}} {{.Spec.Availability}}")).toBe(
      "a pause"
    )
    await run("node", "update", "--availability", "active", "n4")
    expect(await run("node", "promote", "n4")).toContain("promoted")
    expect(await run("node", "inspect", "n4", "--format", "{{.Spec.Role}}")).toBe("manager")
    await run("node", "demote", "n4")
    expect(await fails("node", "inspect", "n9")).toMatch(/No such node: n9|node n9 not found/)
  })

  it("creates a service and waits until it has converged, scales, updates, rolls back and removes it", async () => {
    const created = await run(
      "service",
      "create",
      "--name",
      "web",
      "--replicas",
      "3",
      "--detach=false",
      "--update-monitor",
      "1ms",
      "--rollback-monitor",
      "1ms",
      "nginx:1"
    )
    expect(created).toMatch(/converged/i)
    expect(await lines("service", "ls", "--format", "{{.Name}} {{.Mode}} {{.Replicas}}")).toEqual([
      "web replicated 3/3"
    ])
    expect(await run("service", "inspect", "web", "--format", "{{.Spec.Mode.Replicated.Replicas}}")).toBe("3")
    expect(await run("service", "inspect", "--pretty", "web")).toContain("Replicas:\t3")
    await run("service", "scale", "--detach=false", "web=4")
    const tasks = await lines(
      "service",
      "ps",
      "web",
      "--format",
      "{{.Name}} {{.CurrentState}}",
      "--filter",
      "desired-state=running"
    )
    expect(tasks.length).toBe(4)
    for (const task of tasks) expect(task).toMatch(/^web\.[1-4] Running/)
    await run("service", "update", "--detach=false", "--env-add", "A=1", "web")
    expect(await run("service", "inspect", "web", "--format", "{{.Spec.TaskTemplate.ContainerSpec.Env}}")).toBe("[A=1]")
    await run("service", "rollback", "--detach=false", "web")
    expect(await run("service", "inspect", "web", "--format", "{{.Spec.TaskTemplate.ContainerSpec.Env}}")).toBe("[]")
    // Asked for several nodes at once the command shows the first ones' tasks again.
    const onNodes = await Promise.all(
      ["n1", "n2", "n3", "n4"].map((node) => lines("node", "ps", node, "--filter", "desired-state=running", "-q"))
    )
    expect(onNodes.flat().length).toBe(4)
    await run("service", "rm", "web")
    expect(await lines("service", "ls", "-q")).toEqual([])
  }, 60_000)

  it("makes networks, secrets and configs, and says what does not exist", async () => {
    await run("network", "create", "--driver", "overlay", "app")
    expect(await lines("network", "ls", "--filter", "scope=swarm", "--format", "{{.Name}}")).toEqual(
      expect.arrayContaining(["app", "ingress"])
    )
    expect(await run("network", "inspect", "app", "--format", "{{.Driver}} {{.Scope}}")).toBe("overlay swarm")
    const file = join(folder, "token.txt")
    await run("secret", "create", "key", file)
    await run("config", "create", "settings", file)
    expect(await lines("secret", "ls", "--format", "{{.Name}}")).toEqual(["key"])
    expect(await lines("config", "ls", "--format", "{{.Name}}")).toEqual(["settings"])
    expect(await run("config", "inspect", "--pretty", "settings")).toContain("at least thirty-two")
    expect(await run("secret", "inspect", "key", "--format", "{{.Spec.Name}}")).toBe("key")
    await run(
      "service",
      "create",
      "--detach",
      "--name",
      "user",
      "--network",
      "app",
      "--secret",
      "key",
      "--config",
      "settings",
      "nginx:1"
    )
    expect(await fails("secret", "rm", "key")).toMatch(/in use by the following service: user/)
    await run("service", "rm", "user")
    await run("secret", "rm", "key")
    await run("config", "rm", "settings")
    expect(await fails("network", "inspect", "nowhere")).toMatch(/network nowhere not found|No such network: nowhere/)
    expect(await fails("service", "inspect", "nowhere")).toContain("no such service: nowhere")
  })

  it("deploys, lists and removes this project's stack", async () => {
    await run("stack", "deploy", "--compose-file", stackFile, "p2p")
    expect(await lines("stack", "ls", "--format", "{{.Name}} {{.Services}}")).toEqual(["p2p 8"])
    const isRunning = async () =>
      (await lines("stack", "services", "p2p", "--format", "{{.Name}} {{.Replicas}}")).toSorted()
    await expect
      .poll(isRunning, { timeout: 20_000 })
      .toEqual(["p2p_rebalancer 3/3", "p2p_router 4/4", ...[1, 2, 3, 4, 5, 6].map((number) => `p2p_vvm${number} 1/1`)])
    expect((await lines("stack", "ps", "p2p", "-q")).length).toBe(13)
    const [router = {}] = JSON.parse(await run("service", "inspect", "p2p_router")) as ReadonlyArray<{ Spec?: unknown }>
    expect(router.Spec).toMatchObject({
      TaskTemplate: {
        ContainerSpec: {
          Mounts: [{ Type: "volume", Source: "p2p_router_state", Target: "/var/lib/evenkeel" }],
          Secrets: [{ SecretName: "p2p_evenkeel_sticky_key" }, { SecretName: "p2p_evenkeel_token" }],
          StopGracePeriod: 15e9
        },
        Resources: { Limits: { MemoryBytes: 2 ** 30 }, Reservations: { NanoCPUs: 1e8 } },
        RestartPolicy: { Condition: "any", Delay: 1e9 }
      },
      UpdateConfig: { Parallelism: 1, Order: "stop-first", FailureAction: "rollback", Monitor: 15e9 }
    })
    await run("stack", "deploy", "--compose-file", stackFile, "p2p")
    expect((await lines("stack", "ps", "p2p", "-q")).length).toBe(13)
    await run("stack", "rm", "p2p")
    expect(await lines("stack", "ls", "--format", "{{.Name}}")).toEqual([])
    await expect.poll(() => lines("network", "ls", "--filter", "name=p2p_", "-q")).toEqual([])
  }, 60_000)

  it("follows events", async () => {
    const child = spawn(
      docker,
      ["events", "--filter", "type=service", "--format", "{{.Type}} {{.Action}} {{.Actor.Attributes.name}}"],
      {
        env: environment()
      }
    )
    let seen = ""
    child.stdout.on("data", (chunk) => (seen += String(chunk)))
    const since = (await sim.get("/events?since=1&until=2")).status
    expect(since).toBe(200)
    // The command subscribes in its own time: services are made until it has seen one.
    let count = 0
    while (!seen.includes("service create seen"))
      await run("service", "create", "--name", `seen${count++}`, "-d", "nginx:1")
    child.kill()
    for (let i = 0; i < count; i++) await run("service", "rm", `seen${i}`)
  }, 60_000)

  it("is refused by a worker as by a real one", async () => {
    const refused = await new Promise<string>((resolve) => {
      execFile(
        docker,
        ["node", "ls"],
        { env: { ...environment(), DOCKER_HOST: `unix://${sim.socketOf("n4")}` } },
        (_, __, stderr) => resolve(stderr)
      )
    })
    expect(refused).toContain("This node is not a swarm manager.")
  })
})
