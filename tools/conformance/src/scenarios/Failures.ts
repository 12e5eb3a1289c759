/** Updates that fail, rollbacks, tasks that end by themselves, and what is never placed. */
import type { Scenario } from "../Scenario.ts"
import * as Specs from "./Specs.ts"

/** Tasks that failed are retried late: how often is a matter of time otherwise. */
const patient = Specs.restart("any", 15)
const fails = { TaskTemplate: { ContainerSpec: { Command: Specs.failing } } }

const failingUpdate = (action: string, more = {}) =>
  Specs.replicated(
    "web",
    3,
    { RestartPolicy: patient },
    {
      UpdateConfig: Specs.updateConfig({ FailureAction: action, ...more }),
      RollbackConfig: Specs.updateConfig({ Order: "stop-first" })
    }
  )

export const failures: ReadonlyArray<Scenario> = [
  {
    name: "failing-update-pause",
    about: "the update pauses at the first failure; the next update of the spec takes up what is dirty",
    steps: [
      { do: "create", spec: failingUpdate("pause") },
      { do: "update", service: "web", patch: fails, until: { updates: { web: "paused" }, settled: false } },
      {
        do: "update",
        service: "web",
        patch: { TaskTemplate: { ContainerSpec: { Command: Specs.serving, Env: ["A=1"] } } },
        until: { updates: { web: "completed" } }
      }
    ]
  },
  {
    name: "failing-update-rollback",
    about: "the update rolls itself back at the first failure, and there is no PreviousSpec afterwards",
    steps: [
      { do: "create", spec: failingUpdate("rollback") },
      { do: "update", service: "web", patch: fails, until: { updates: { web: "rollback_completed" } } },
      { do: "rollback", service: "web" }
    ]
  },
  {
    name: "failing-update-rollback-start-first",
    about: "with the new task first, the old ones never stop",
    steps: [
      { do: "create", spec: failingUpdate("rollback", { Order: "start-first" }) },
      { do: "update", service: "web", patch: fails, until: { updates: { web: "rollback_completed" } } }
    ]
  },
  {
    name: "failing-update-continue",
    about: "an update that continues waits for no task to live",
    steps: [
      {
        do: "create",
        spec: Specs.replicated(
          "web",
          2,
          { RestartPolicy: Specs.restart("none") },
          { UpdateConfig: Specs.updateConfig({ FailureAction: "continue" }) }
        )
      },
      { do: "update", service: "web", patch: fails, until: { updates: { web: "completed" } } }
    ]
  },
  {
    name: "rollback",
    about: "a rollback by hand swaps the two specs, and does so again",
    steps: [
      { do: "create", spec: Specs.replicated("web", 2, {}, { RollbackConfig: Specs.updateConfig() }) },
      { do: "rollback", service: "web" },
      { do: "update", service: "web", patch: Specs.env("A=1"), until: { updates: { web: "completed" } } },
      { do: "rollback", service: "web", until: { updates: { web: "rollback_completed" } } },
      { do: "rollback", service: "web", until: { updates: { web: "rollback_completed" } } }
    ]
  },
  {
    name: "rollback-of-scale",
    about: "a rollback of a scale restarts nothing",
    steps: [
      { do: "create", spec: Specs.replicated("web", 2) },
      { do: "update", service: "web", patch: Specs.replicas(3) },
      { do: "rollback", service: "web" }
    ]
  },
  {
    name: "restart-policy-none",
    about: "a task that fails is not replaced",
    steps: [
      {
        do: "create",
        spec: Specs.replicated("once", 2, {
          RestartPolicy: Specs.restart("none"),
          ContainerSpec: Specs.containerSpec({ Command: Specs.failing })
        }),
        until: { tasks: [{ service: "once", state: "failed", count: 2 }] }
      }
    ]
  },
  {
    name: "restart-policy-on-failure",
    about: "a task that finishes is not replaced where only failures are",
    steps: [
      {
        do: "create",
        spec: Specs.replicated("done", 2, {
          RestartPolicy: Specs.restart("on-failure"),
          ContainerSpec: Specs.containerSpec({ Command: Specs.finishing })
        }),
        until: { tasks: [{ service: "done", state: "complete", count: 2 }] }
      }
    ]
  },
  {
    name: "restart-attempts",
    about: "as many restarts as are allowed, no more",
    steps: [
      {
        do: "create",
        spec: Specs.replicated("tries", 1, {
          RestartPolicy: Specs.restart("any", 1, { MaxAttempts: 2 }),
          ContainerSpec: Specs.containerSpec({ Command: Specs.failing })
        }),
        until: { tasks: [{ service: "tries", state: "failed", count: 3 }] }
      }
    ]
  },
  {
    name: "shunned-node",
    about: "after five failures on a node it comes after a fuller one",
    steps: [
      { do: "create", spec: Specs.replicated("load", 3, Specs.constraints("node.hostname==n3").TaskTemplate) },
      {
        do: "create",
        spec: Specs.replicated("bad", 1, {
          ...Specs.constraints("node.role==worker").TaskTemplate,
          RestartPolicy: Specs.restart("any", 0, { MaxAttempts: 6 }),
          ContainerSpec: Specs.containerSpec({ Command: Specs.failing })
        }),
        until: { tasks: [{ service: "bad", state: "failed", count: 7 }] }
      }
    ]
  },
  {
    name: "no-such-image",
    about: "an image that is not there is rejected by the node",
    steps: [
      {
        do: "create",
        spec: Specs.replicated("ghost", 1, {
          RestartPolicy: Specs.restart("none"),
          ContainerSpec: Specs.containerSpec({ Image: "10.77.0.1:5000/evenkeel/absent:1" })
        }),
        until: { tasks: [{ service: "ghost", state: "rejected", count: 1 }] }
      }
    ]
  },
  {
    name: "history",
    about: "five tasks of a slot are kept",
    steps: [
      { do: "create", spec: Specs.replicated("web", 1) },
      ...[1, 2, 3, 4, 5, 6].map((n) => ({
        do: "update" as const,
        service: "web",
        patch: { TaskTemplate: { ForceUpdate: n }, UpdateConfig: Specs.updateConfig({ Monitor: 1 }) },
        until: { updates: { web: "completed" } }
      }))
    ]
  },
  {
    name: "health-gating",
    about:
      "a task with a health check runs once it is healthy; one that never is gets stopped, and ends as it answers that",
    steps: [
      {
        do: "create",
        spec: Specs.replicated("well", 1, {
          ContainerSpec: Specs.containerSpec({
            Healthcheck: {
              Test: ["CMD", "node", "-e", "0"],
              Interval: 1_000_000_000,
              Timeout: 3_000_000_000,
              Retries: 2
            }
          })
        })
      },
      {
        do: "create",
        spec: Specs.replicated("ill", 1, {
          RestartPolicy: Specs.restart("none"),
          ContainerSpec: Specs.containerSpec({
            Healthcheck: {
              ...{ Test: ["CMD", "node", "-e", "process.exit(1)"] },
              ...{ Interval: 1_000_000_000, Timeout: 3_000_000_000, Retries: 2 }
            }
          })
        }),
        until: { tasks: [{ service: "ill", state: "complete", count: 1 }] }
      }
    ]
  }
]
