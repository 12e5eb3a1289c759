/**
 * Keeps what V8 compiled between two runs, which saves half of the start: in `evenkeel` below the user's cache folder
 * (XDG_CACHE_HOME, else `~/.cache`; on macOS `~/Library/Caches`). V8 runs what it finds there, so the folder must belong to the
 * user who runs the command and be writable by nobody else; otherwise, and where there is no such folder, nothing is kept.
 */

// An import would make a namespace of all that `fs` exports, its streams included, which takes longer than all that is done here.
const fs = process.getBuiltinModule("node:fs")
const module = process.getBuiltinModule("node:module")
const path = process.getBuiltinModule("node:path")

/** Where the user's programs keep what can be made anew; null where the environment does not say. */
export const cacheHome = (
  environment: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform
): string | null => {
  const named = environment["XDG_CACHE_HOME"] ?? ""
  // Relative ones are to be ignored (XDG Base Directory Specification).
  if (path.isAbsolute(named)) return named
  const home = environment["HOME"] ?? ""
  if (!path.isAbsolute(home)) return null
  return platform === "darwin" ? path.join(home, "Library", "Caches") : path.join(home, ".cache")
}

/** The owner of the path, or of the nearest folder above it that exists. */
const ownerOf = (file: string): number => {
  const found = fs.statSync(file, { throwIfNoEntry: false })
  return found === undefined ? ownerOf(path.dirname(file)) : found.uid
}

/**
 * A folder that belongs to `user` alone, made where it is not there; null where there is none to be had. Under sudo the home may
 * be another user's: nothing is made in it, and nothing in it is trusted.
 */
export const privateFolder = (home: string, user: number): string | null => {
  try {
    const folder = path.join(home, "evenkeel")
    if (ownerOf(folder) !== user) return null
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
    const { mode, uid } = fs.statSync(folder)
    return uid === user && (mode & 0o022) === 0 ? folder : null
  } catch {
    return null
  }
}

/** NODE_DISABLE_COMPILE_CACHE and NODE_COMPILE_CACHE mean what they mean to Node. */
export const enable = (): void => {
  const user = process.getuid?.()
  const home = cacheHome(process.env, process.platform)
  const folder = user === undefined || home === null ? null : privateFolder(home, user)
  if (folder !== null) module.enableCompileCache?.(folder)
}
