/** Jobs. They come last: Docker Engine 20.10 keeps a job's finished tasks when the job is removed. */
import type { Scenario } from "../Scenario.ts"
import * as Specs from "./Specs.ts"

export const jobs: ReadonlyArray<Scenario> = [
  {
    name: "job",
    about: "a job's tasks complete and stay; an update runs it again",
    steps: [
      {
        do: "create",
        spec: {
          ...Specs.replicated("job", 1, {
            RestartPolicy: Specs.restart("none"),
            ContainerSpec: Specs.containerSpec({ Command: Specs.finishing })
          }),
          Mode: { ReplicatedJob: { MaxConcurrent: 2, TotalCompletions: 3 } },
          EndpointSpec: {}
        },
        until: { tasks: [{ service: "job", state: "complete", count: 3 }] }
      },
      { do: "update", service: "job", patch: {}, until: { tasks: [{ service: "job", state: "complete", count: 3 }] } },
      { do: "remove", service: "job" }
    ]
  },
  {
    name: "global-job",
    about: "one completion on each node",
    steps: [
      {
        do: "create",
        spec: {
          ...Specs.replicated("each", 1, {
            RestartPolicy: Specs.restart("none"),
            ContainerSpec: Specs.containerSpec({ Command: Specs.finishing })
          }),
          Mode: { GlobalJob: {} },
          EndpointSpec: {}
        },
        until: { tasks: [{ service: "each", state: "complete", count: 3 }] }
      }
    ]
  }
]
