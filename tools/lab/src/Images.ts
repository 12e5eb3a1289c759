/**
 * The product's images: built from the bundles in `dist/apps` by the classic builder, pushed to the lab's registry.
 *
 * An image is made again only when its bundle, its Dockerfile or the base image changed, or the registry lost it.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as BaseImage from "./BaseImage.ts"
import { docker } from "./Docker.ts"
import { LabSite } from "./LabSite.ts"
import * as LabSpec from "./LabSpec.ts"
import * as LabState from "./LabState.ts"
import { say } from "./Progress.ts"
import * as Registry from "./Registry.ts"
import * as Swarm from "./Swarm.ts"
import { createHash } from "node:crypto"

/** The apps that become images. */
export const apps = ["router", "rebalancer", "cli", "vvm"] as const

export interface BuildOptions {
  /** Tag of the images; default `dev`. */
  readonly tag?: string
  /** Default: all of {@link apps}. */
  readonly apps?: ReadonlyArray<string>
}

/** Bundles or Dockerfiles are not there. */
export class BundlesMissing extends Schema.TaggedError<BundlesMissing>()("BundlesMissing", {
  missing: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `Images need what is not there: ${this.missing.join(", ")}. Make the bundles by \`npx nx run-many -t build\`.`
  }
}

/** An image as the registry has it. */
export interface BuiltImage {
  readonly reference: string
  /** `false`: it was up to date already. */
  readonly built: boolean
}

/** `10.77.0.1:5000/evenkeel/<app>:<tag>`. */
export const reference = (app: string, tag = "dev"): string => `${LabSpec.imagePrefix}/${app}:${tag}`

const placesOf = (workspaceRoot: string, app: string) => ({
  dockerfile: `${workspaceRoot}/apps/${app}/Dockerfile`,
  bundle: `${workspaceRoot}/dist/apps/${app}`
})

/** Hash of a bundle's files and its Dockerfile, on a base of that hash. */
const contentHash = Effect.fn("Images.contentHash")(function* (app: string, baseHash: string) {
  const { workspaceRoot } = yield* LabSite
  const files = yield* FileSystem.FileSystem
  const { dockerfile, bundle } = placesOf(workspaceRoot, app)
  const hash = createHash("sha256").update(baseHash)
  hash.update(yield* files.readFile(dockerfile))
  const names = (yield* files.readDirectory(bundle, { recursive: true })).toSorted()
  for (const name of names) {
    const { type } = yield* files.stat(`${bundle}/${name}`)
    if (type === "File") hash.update(`\0${name}\0`).update(yield* files.readFile(`${bundle}/${name}`))
  }
  return hash.digest("hex")
})

/** Runs `make` and pushes the image, unless the registry has it from the same contents. */
const ensureImage = Effect.fn("Images.ensureImage")(function* <E, R>(
  node: string,
  image: string,
  hash: string,
  make: Effect.Effect<unknown, E, R>
) {
  const state = yield* LabState.required
  if (state.images[image] === hash && (yield* Registry.has(image))) return { reference: image, built: false }
  yield* make
  yield* docker(node, ["push", image])
  yield* LabState.update((now) => new LabState.LabState({ ...now, images: { ...now.images, [image]: hash } }))
  yield* say(`pushed ${image}`)
  return { reference: image, built: true }
})

const build = Effect.fn("Images.build")(function* (node: string, app: string, image: string) {
  const { workspaceRoot } = yield* LabSite
  const { dockerfile, bundle } = placesOf(workspaceRoot, app)
  yield* docker(
    node,
    ["build", "--quiet", "--build-arg", `BASE=${LabSpec.baseImage}`, "--tag", image, "--file", dockerfile, bundle],
    { env: { DOCKER_BUILDKIT: "0" } }
  )
})

/** Builds and pushes the base image and the apps' images, by the engine of the first manager that answers. */
export const buildImages = Effect.fn("Images.buildImages")(function* (options?: BuildOptions) {
  const { workspaceRoot } = yield* LabSite
  const files = yield* FileSystem.FileSystem
  const wanted = options?.apps ?? apps
  const places = wanted.flatMap((app) => Object.values(placesOf(workspaceRoot, app)))
  const missing = yield* Effect.filter(places, (path) => Effect.map(files.exists(path), (exists) => !exists))
  if (missing.length > 0) return yield* new BundlesMissing({ missing })
  const { manager } = yield* Swarm.observe
  const base = yield* BaseImage.plan
  const results: Array<BuiltImage> = [yield* ensureImage(manager, LabSpec.baseImage, base.hash, base.build(manager))]
  for (const app of wanted) {
    const image = reference(app, options?.tag)
    const hash = yield* contentHash(app, base.hash)
    results.push(yield* ensureImage(manager, image, hash, build(manager, app, image)))
  }
  return results
})
