/**
 * The image the product's images are built on in the lab: the pinned Node binary, exactly the shared libraries it is
 * linked with, a user and a /tmp. It holds no shell and no certificates.
 *
 * Made by `docker import` of a root file system, because the lab reaches no public registry.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { docker } from "./Docker.ts"
import { LabSite } from "./LabSite.ts"
import * as LabSpec from "./LabSpec.ts"
import { run } from "./Shell.ts"
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { dirname } from "node:path"
import { pipeline } from "node:stream/promises"

/** The pinned Node binary, or a library it needs, is not on this machine. */
export class NodeBinaryUnusable extends Schema.TaggedError<NodeBinaryUnusable>()("NodeBinaryUnusable", {
  path: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `The base image cannot be made from ${this.path}: ${this.reason}. Run \`npm ci\` on this machine.`
  }
}

/** What `ldd` says of a binary: the files it loads, and the names it does not find. */
export interface LinkedLibraries {
  /** Absolute paths, the dynamic loader included. */
  readonly files: ReadonlyArray<string>
  readonly missing: ReadonlyArray<string>
}

/**
 * Parses the output of `ldd`: `name => /path (0x…)`, `/path (0x…)` for the loader, `name => not found`; the kernel's
 * virtual library (`linux-vdso`) has no file.
 */
export const parseLdd = (output: string): LinkedLibraries => {
  const lines = output.split("\n").map((line) => line.trim())
  const files = lines.flatMap((line) => /^(?:\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/.exec(line)?.[1] ?? [])
  const missing = lines.flatMap((line) => /^(\S+) => not found$/.exec(line)?.[1] ?? [])
  return { files: [...new Set(files)], missing }
}

/** `/etc` of the image: the user the product runs as, and how names are resolved. */
const etc: Readonly<Record<string, string>> = {
  passwd: "root:x:0:0:root:/:/sbin/nologin\nevenkeel:x:65532:65532:evenkeel:/tmp:/sbin/nologin\n",
  group: "root:x:0:\nevenkeel:x:65532:\n",
  "nsswitch.conf": "hosts: files dns\n"
}

/** The contents of the image: path inside → path on this machine. */
const contents = Effect.gen(function* () {
  const { workspaceRoot } = yield* LabSite
  const files = yield* FileSystem.FileSystem
  const architecture = process.arch === "arm64" ? "arm64" : "x64"
  const binary = `${workspaceRoot}/node_modules/node-linux-${architecture}/bin/node`
  const unusable = (reason: string) => new NodeBinaryUnusable({ path: binary, reason })
  if (!(yield* files.exists(binary))) return yield* unusable("it is not there")
  const { files: libraries, missing } = yield* Effect.mapBoth(run("ldd", [binary]), {
    onFailure: (failure) => unusable(failure.message),
    onSuccess: parseLdd
  })
  if (missing.length > 0) return yield* unusable(`these libraries are not found: ${missing.join(", ")}`)
  return [["/usr/bin/node", binary], ...libraries.map((path) => [path, path] as const)] as ReadonlyArray<
    readonly [string, string]
  >
})

const hashFiles = (paths: ReadonlyArray<readonly [string, string]>) =>
  Effect.promise(async () => {
    const hash = createHash("sha256").update(JSON.stringify(etc))
    for (const [inside, path] of paths) {
      hash.update(`\0${inside}\0`)
      await pipeline(createReadStream(path), async (chunks) => {
        for await (const chunk of chunks) hash.update(chunk)
      })
    }
    return hash.digest("hex")
  })

/** Hash of everything that goes into the image, and the recipe to import it into a node's engine. */
export const plan = Effect.gen(function* () {
  const paths = yield* contents
  return { hash: yield* hashFiles(paths), build: (node: string) => importInto(node, paths) }
})

/** Lays the root file system out, packs it and imports it under {@link LabSpec.baseImage}. */
const importInto = Effect.fn("BaseImage.importInto")(function* (
  node: string,
  paths: ReadonlyArray<readonly [string, string]>
) {
  const files = yield* FileSystem.FileSystem
  const { stateDir } = yield* LabSite
  const work = yield* files.makeTempDirectoryScoped({ directory: stateDir, prefix: "base-image-" })
  const root = `${work}/root`
  yield* files.makeDirectory(`${root}/etc`, { recursive: true })
  yield* files.makeDirectory(`${root}/tmp`)
  yield* files.chmod(`${root}/tmp`, 0o1777)
  for (const [name, text] of Object.entries(etc)) yield* files.writeFileString(`${root}/etc/${name}`, text)
  for (const [inside, path] of paths) {
    yield* files.makeDirectory(dirname(root + inside), { recursive: true })
    yield* files.copyFile(path, root + inside)
    yield* files.chmod(root + inside, 0o755)
  }
  // The temporary folder is private; the image's root must not be.
  yield* files.chmod(root, 0o755)
  const owner = ["--owner=0", "--group=0", "--numeric-owner"]
  yield* run("tar", ["--create", `--file=${work}/root.tar`, `--directory=${root}`, ...owner, "."])
  yield* docker(node, [
    ...["import", "--change", "ENV PATH=/usr/bin", "--change", 'CMD ["node"]'],
    ...[`${work}/root.tar`, LabSpec.baseImage]
  ])
}, Effect.scoped)
