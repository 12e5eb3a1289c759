/**
 * Bundles one app into `dist/apps/<app>/`: `main.mjs`, `healthcheck.mjs` where the app has one, and of the VVM also `vvm.mjs`,
 * which exports `startVvm` for those who run VVMs in their own process. A bundle needs nothing but Node beside it. Parts of
 * dependencies that no app runs (SSH transports in docker-modem's tree) are replaced by a module that says so when it is
 * touched.
 *
 * Usage: node tools/bundle/src/main.ts <app> [folder instead of dist/apps/<app>]
 */
import { build, type Plugin } from "esbuild"
import { existsSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"

const workspace = join(import.meta.dirname, "../../..")
const [app, folder] = process.argv.slice(2)
if (app === undefined || !existsSync(join(workspace, "apps", app, "src", "main.ts"))) {
  process.stderr.write(
    `bundle: name an app of apps/ that has src/main.ts${app === undefined ? "" : `; ${app} has none`}\n`
  )
  process.exit(64)
}

/** `ssh2` is required eagerly by docker-modem; the others are optional parts of `ws`. No app uses them. */
const unused = /^(ssh2|bufferutil|utf-8-validate)$/

const leaveOutUnused: Plugin = {
  name: "leave-out-unused",
  setup(builder) {
    builder.onResolve({ filter: unused }, ({ path }) => ({ path, namespace: "unused" }))
    builder.onLoad({ filter: /.*/, namespace: "unused" }, ({ path }) => ({
      // What is optional must fail to load; what is required must load.
      contents: path === "ssh2" ? "module.exports = {}" : `throw new Error("${path} is not part of this bundle")`,
      loader: "js"
    }))
  }
}

/**
 * An app that runs for a moment is cut into chunks: what every run needs in one, what only some need in others, which are loaded
 * then. A chunk of its own arises for each set of entries that share a module; that what every run needs becomes one, each
 * module that is loaded on demand is said to need it too, as it does: nothing is loaded on demand before.
 */
const runsForAMoment = app === "cli"
const start = join(workspace, "apps", app, "src", "Process.ts")

const startInOneChunk: Plugin = {
  name: "start-in-one-chunk",
  setup(builder) {
    const onDemand = new Set<string>()
    builder.onResolve({ filter: /^\.{1,2}\// }, async ({ importer, kind, path, pluginData, resolveDir }) => {
      if (kind !== "dynamic-import" || pluginData === startInOneChunk) return undefined
      const found = await builder.resolve(path, { importer, kind, resolveDir, pluginData: startInOneChunk })
      if (found.path !== start) onDemand.add(found.path)
      return found
    })
    builder.onLoad({ filter: /\.ts$/ }, ({ path }) =>
      onDemand.has(path)
        ? { contents: `import ${JSON.stringify(start)}\n${readFileSync(path, "utf8")}`, loader: "ts" }
        : undefined
    )
  }
}

const out = folder ?? join(workspace, "dist/apps", app)
rmSync(out, { recursive: true, force: true })
const { version } = JSON.parse(readFileSync(join(workspace, "package.json"), "utf8")) as { version: string }
const entries = [
  ["main", "main"],
  ["healthcheck", "healthcheck"],
  ["Vvm", "vvm"]
]
  .map(([source, out = ""]) => ({ in: join(workspace, "apps", app, "src", `${source}.ts`), out }))
  .filter((entry) => existsSync(entry.in))

await build({
  entryPoints: entries,
  outdir: out,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  target: "node26",
  format: "esm",
  conditions: ["@evenkeel/source"],
  mainFields: ["module", "main"],
  legalComments: "none",
  minifySyntax: true,
  minifyWhitespace: runsForAMoment,
  splitting: runsForAMoment,
  chunkNames: "chunks/[name]-[hash]",
  define: { "process.env.EVENKEEL_VERSION": JSON.stringify(version) },
  // CommonJS dependencies inside an ES module bundle still call require for Node's own modules.
  banner: {
    js: `const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);`
  },
  plugins: runsForAMoment ? [leaveOutUnused, startInOneChunk] : [leaveOutUnused],
  logLevel: "warning"
})
