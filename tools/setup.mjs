/**
 * Installs the workspace's packages once, so that `npm start` and `npm test` work right after `git clone`.
 * Uses nothing but Node's own modules: it runs before anything is installed.
 */
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const lock = join(root, "package-lock.json")
const installed = join(root, "node_modules", ".package-lock.json")

/** The lock file npm keeps beside what it installed names the same packages when the install is current. */
const isCurrent = () => {
  if (!existsSync(installed)) return false
  const wanted = JSON.parse(readFileSync(lock, "utf8")).packages
  const found = JSON.parse(readFileSync(installed, "utf8")).packages
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === "" ||
      entry.optional === true ||
      entry.link === true ||
      !path.startsWith("node_modules/") ||
      found[path]?.version === entry.version
  )
}

if (!isCurrent()) {
  process.stderr.write("evenkeel: installing the packages of package-lock.json (once; about half a minute) …\n")
  const { status, error } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: root, stdio: ["ignore", 2, 2] })
  if (status !== 0) {
    process.stderr.write(
      `evenkeel: npm ci failed${error === undefined ? "" : ` (${error.message})`}; see its messages above.\n`
    )
    process.exit(status ?? 1)
  }
}
