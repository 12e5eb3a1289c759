import * as http from "node:http"
import type { AddressInfo, Server } from "node:net"
import { afterEach, describe, expect, it } from "vitest"
import { hasLoopbackRange, LoopbackAddresses } from "../../src/runtime/LoopbackAddresses.ts"
import { loopbackRuntime } from "../../src/runtime/LoopbackRuntime.ts"
import { vvmWorkload, type Workload } from "../../src/runtime/Workload.ts"
import { Agenda } from "../../src/swarm/Agenda.ts"
import { SeededRandom } from "../../src/swarm/SeededRandom.ts"
import type { HealthCheck, TaskHandle, TaskStart } from "../../src/swarm/TaskRuntime.ts"

const hasRange = await hasLoopbackRange()

/** A server that answers with its task's id, and holds `/slow` until it is told to go on. */
const slow = new Set<() => void>()
const workload: Workload = ({ address, port, task }) =>
  new Promise((resolve, reject) => {
    const server: Server = http.createServer((request, response) => {
      const answer = () => void response.end(task.taskId)
      if (request.url === "/slow") slow.add(answer)
      else answer()
    })
    server.once("error", reject)
    server.listen({ host: address, port }, () =>
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () => new Promise((closed) => void server.close(() => closed())),
        destroy: () => void server.close()
      })
    )
  })

interface Signal {
  readonly name: string
  readonly detail?: unknown
}

const handles: Array<TaskHandle> = []
afterEach(() => {
  for (const handle of handles.splice(0)) handle.kill()
  slow.clear()
})

const world = (options: { readonly workload?: Workload } = {}) => {
  const agenda = new Agenda(0)
  const runtime = loopbackRuntime({
    workload: options.workload ?? workload,
    hasRange,
    log: () => {},
    catchUp: () => {}
  })({
    nowMillis: () => agenda.nowMillis,
    schedule: (delay, action) => {
      // As the driver does: what is entered for the present is run at once, after the caller.
      queueMicrotask(() => agenda.advanceTo(agenda.nowMillis))
      return agenda.schedule(delay, action)
    },
    random: new SeededRandom(1)
  })
  const prepare = (id: string, healthCheck: HealthCheck | null = null, extraMillis = 0) => {
    const signals: Array<Signal> = []
    const waiting = new Set<() => void>()
    const tell = (signal: Signal) => {
      signals.push(signal)
      for (const check of waiting) check()
    }
    const start: TaskStart = {
      taskId: id,
      serviceId: "s1",
      serviceName: "vvm1",
      slot: 1,
      nodeId: "node1",
      hostname: "n1",
      spec: {},
      env: ["EVENKEEL_SERVICE=vvm1", "EVENKEEL_VVM_PORT=18080"],
      addresses: [{ networkId: "net", networkName: "app", address: "10.0.1.3" }],
      hostPorts: [],
      healthCheck
    }
    const handle = runtime.prepare(
      start,
      {
        prepared: () => tell({ name: "prepared" }),
        rejected: (detail) => tell({ name: "rejected", detail }),
        started: (detail) => tell({ name: "started", detail }),
        healthy: () => tell({ name: "healthy" }),
        unhealthy: () => tell({ name: "unhealthy" }),
        exited: (code, message) => tell({ name: "exited", detail: [code, ...(message === undefined ? [] : [message])] })
      },
      extraMillis
    )
    handles.push(handle)
    /** Resolves with the signal once it has come. */
    const heard = (name: string) =>
      new Promise<Signal>((resolve) => {
        const check = () => {
          const found = signals.find((signal) => signal.name === name)
          if (found === undefined) return
          waiting.delete(check)
          resolve(found)
        }
        waiting.add(check)
        check()
      })
    return { handle, signals, heard }
  }
  return { agenda, prepare }
}

const addressOf = (signal: Signal): string => {
  const [address = ""] = signal.detail as ReadonlyArray<string>
  return address.split("/")[0] ?? ""
}

const get = (address: string, path = "/", agent?: http.Agent): Promise<string> =>
  new Promise((resolve, reject) => {
    const request = http.get({ host: address, port: 18080, path, agent: agent ?? false }, (response) => {
      let text = ""
      response.on("data", (chunk) => (text += String(chunk)))
      response.on("end", () => resolve(text))
    })
    request.on("error", reject)
  })

const running = async (options: { readonly workload?: Workload } = {}, check: HealthCheck | null = null) => {
  const { agenda, prepare } = world(options)
  const task = prepare("task1", check)
  agenda.advanceTo(1_000)
  task.handle.start()
  agenda.advanceTo(1_000)
  const address = addressOf(await task.heard("started"))
  return { agenda, prepare, address, ...task }
}

describe.runIf(hasRange)("a loopback task", () => {
  it("is a server on an address of its own, which its attachments show with the prefix of the loopback net", async () => {
    const { agenda, heard, prepare, address } = await running()
    expect((await heard("started")).detail).toEqual([`${address}/8`])
    expect(address).toMatch(/^127\.77\./)
    expect(await get(address)).toBe("task1")
    const other = prepare("task2")
    agenda.advanceTo(2_000)
    other.handle.start()
    agenda.advanceTo(2_000)
    const second = addressOf(await other.heard("started"))
    expect(second).not.toBe(address)
    expect(await get(second)).toBe("task2")
  })

  it("starts later by what slow-start adds", async () => {
    const { agenda, prepare } = world()
    const { handle, heard, signals } = prepare("task1", null, 5_000)
    agenda.advanceTo(1_000)
    expect(signals).toEqual([{ name: "prepared" }])
    handle.start()
    agenda.advanceTo(5_999)
    expect(agenda.nextDueMillis()).toBe(6_000)
    agenda.advanceTo(6_000)
    await heard("started")
  })

  it("stops with grace: a request under way is answered, then nothing listens", async () => {
    const { agenda, address, handle, heard } = await running()
    const answer = get(address, "/slow")
    while (slow.size === 0) await new Promise((resume) => setImmediate(resume))
    handle.stop(10_000)
    agenda.advanceTo(2_000)
    for (const finish of slow) finish()
    expect(await answer).toBe("task1")
    expect(await heard("exited")).toEqual({ name: "exited", detail: [0] })
    await expect(get(address)).rejects.toMatchObject({ code: "ECONNREFUSED" })
  })

  it("tells what runs outside this process when it is cut off and back, and when it ends by itself", async () => {
    const told: Array<string> = []
    const outside = Promise.withResolvers<number>()
    const { handle, heard } = await running({
      workload: () =>
        Promise.resolve({
          port: 18080,
          close: () => Promise.resolve(),
          destroy: () => void told.push("destroyed"),
          freeze: () => void told.push("frozen"),
          thaw: () => void told.push("thawed"),
          ended: outside.promise
        })
    })
    handle.freeze()
    handle.thaw()
    expect(told).toEqual(["frozen", "thawed"])
    outside.resolve(3)
    expect(await heard("exited")).toEqual({ name: "exited", detail: [3] })
    expect(told).toEqual(["frozen", "thawed", "destroyed"])
  })

  it("is killed when its grace is over", async () => {
    const { agenda, address, handle, heard } = await running()
    const answer = get(address, "/slow")
    while (slow.size === 0) await new Promise((resume) => setImmediate(resume))
    handle.stop(10_000)
    agenda.advanceTo(11_000)
    await expect(answer).rejects.toMatchObject({ code: "ECONNRESET" })
    expect(await heard("exited")).toEqual({ name: "exited", detail: [137] })
  })

  it("resets its connections and closes its port in a crash, and tells nobody", async () => {
    const { address, handle, signals } = await running()
    const answer = get(address, "/slow")
    while (slow.size === 0) await new Promise((resume) => setImmediate(resume))
    handle.kill()
    await expect(answer).rejects.toMatchObject({ code: "ECONNRESET" })
    await expect(get(address)).rejects.toMatchObject({ code: "ECONNREFUSED" })
    expect(signals.map(({ name }) => name)).toEqual(["prepared", "started"])
  })

  it("neither answers nor resets in a black hole, and answers what was sent once it is over", async () => {
    const { address, handle } = await running()
    const agent = new http.Agent({ keepAlive: true })
    await get(address, "/", agent)
    const underWay = get(address, "/slow", agent)
    while (slow.size === 0) await new Promise((resume) => setImmediate(resume))
    handle.freeze()
    for (const finish of slow) finish()
    const fresh = get(address)
    const ended = await Promise.race([
      underWay.then(() => "answered", String),
      fresh.then(() => "answered", String),
      // Long enough for many turns of the loop: an answer would have come by then.
      new Promise((resolve) => setTimeout(() => resolve("silent"), 100))
    ])
    expect(ended).toBe("silent")
    handle.thaw()
    expect(await underWay).toBe("task1")
    expect(await fresh).toBe("task1")
    agent.destroy()
  })

  it("fails its health check as often as the retries allow, and passes again when healthy", async () => {
    const check = { intervalMillis: 1_000, timeoutMillis: 1_000, startPeriodMillis: 0, retries: 3 }
    const { agenda, handle, signals } = await running({}, check)
    agenda.advanceTo(2_000)
    expect(signals.at(-1)).toEqual({ name: "healthy" })
    handle.setHealthy(false)
    agenda.advanceTo(4_000)
    expect(signals.at(-1)).toEqual({ name: "healthy" })
    agenda.advanceTo(5_000)
    expect(signals.at(-1)).toEqual({ name: "unhealthy" })
  })

  it("exits with what went wrong where its server cannot start", async () => {
    const { agenda, prepare } = world({ workload: () => Promise.reject(new Error("EADDRINUSE")) })
    const { handle, heard } = prepare("task1")
    agenda.advanceTo(1_000)
    handle.start()
    agenda.advanceTo(1_000)
    expect(await heard("exited")).toEqual({
      name: "exited",
      detail: [1, "starting the server failed: EADDRINUSE"]
    })
  })
})

describe("a VVM as workload", () => {
  it("is told who it is by its environment, else by its task", async () => {
    const started: Array<unknown> = []
    const start = vvmWorkload((options) => {
      started.push(options)
      return Promise.resolve({ port: 8080, close: () => Promise.resolve() })
    })
    const task = { taskId: "t1", serviceName: "vvm1", hostname: "n1", slot: 2 } as TaskStart
    await start({
      task,
      address: "127.77.0.2",
      port: 8080,
      env: { EVENKEEL_SERVICE: "p2p_vvm1", EVENKEEL_ROUTER_URL: "http://127.78.0.1:8080" }
    })
    await start({ task, address: "127.77.0.3", port: 8080, env: {} })
    expect(started).toEqual([
      {
        identity: { service: "p2p_vvm1", task: "t1", node: "n1", slot: "2" },
        host: "127.77.0.2",
        port: 8080,
        routerUrl: new URL("http://127.78.0.1:8080")
      },
      { identity: { service: "vvm1", task: "t1", node: "n1", slot: "2" }, host: "127.77.0.3", port: 8080 }
    ])
  })
})

describe("addresses", () => {
  it("are not given twice while they are taken, and come again after a round", () => {
    const addresses = new LoopbackAddresses()
    const all = Array.from({ length: 0xffff - 2 }, () => addresses.take())
    expect(new Set(all).size).toBe(all.length)
    expect(() => addresses.take()).toThrow("127.77.0.0/16")
    addresses.release("127.77.3.7")
    expect(addresses.take()).toBe("127.77.3.7")
  })
})
