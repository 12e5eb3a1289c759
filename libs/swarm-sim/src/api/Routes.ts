/** All routes of the Engine API that the embedded engine answers. What is not here is `page not found`. */
import * as ContainerRoutes from "./ContainerRoutes.ts"
import * as EventRoutes from "./EventRoutes.ts"
import * as ImageRoutes from "./ImageRoutes.ts"
import * as NetworkRoutes from "./NetworkRoutes.ts"
import * as NodeRoutes from "./NodeRoutes.ts"
import type { Route } from "./Route.ts"
import * as SecretRoutes from "./SecretRoutes.ts"
import * as ServiceRoutes from "./ServiceRoutes.ts"
import * as SwarmRoutes from "./SwarmRoutes.ts"
import * as SystemRoutes from "./SystemRoutes.ts"
import * as TaskRoutes from "./TaskRoutes.ts"

export const engineRoutes: ReadonlyArray<Route> = [
  ...SystemRoutes.routes,
  ...TaskRoutes.routes,
  ...ServiceRoutes.routes,
  ...NodeRoutes.routes,
  ...NetworkRoutes.routes,
  ...SecretRoutes.routes,
  ...SwarmRoutes.routes,
  ...EventRoutes.routes,
  ...ContainerRoutes.routes,
  ...ImageRoutes.routes
]
