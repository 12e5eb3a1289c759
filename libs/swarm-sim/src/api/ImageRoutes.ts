/**
 * `/images` and `/distribution`: an embedded engine holds no image and reaches no registry. Clients that want to pin a digest
 * are answered as if the registry could not be reached; they say so and leave the tag as it is.
 */
import * as Answer from "./Answer.ts"
import { EngineRefusal } from "./EngineRefusal.ts"
import { type Handler, type Route, route } from "./Route.ts"

const list: Handler = () => Answer.json([])

const inspect: Handler = ({ id }) => {
  throw new EngineRefusal(404, `No such image: ${id}`)
}

const distribution: Handler = ({ id }) => {
  throw new EngineRefusal(
    500,
    `the digest of ${id} is unknown: the embedded Swarm reaches no registry (dial tcp: connection refused)`
  )
}

const pull: Handler = ({ query }) => {
  throw new EngineRefusal(
    501,
    `the embedded Swarm pulls no images: ${query.get("fromImage") ?? ""} is taken to be wherever a task needs it`
  )
}

export const routes: ReadonlyArray<Route> = [
  route("GET", "/images/json", list),
  route("POST", "/images/create", pull),
  route("GET", "/images/{name}/json", inspect),
  route("GET", "/distribution/{name}/json", distribution)
]
