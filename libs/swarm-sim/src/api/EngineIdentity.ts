/**
 * Which Docker Engine the embedded one passes for, and which API versions it takes. Compares versions; what depends on one is
 * decided where it is written.
 */
import { EngineRefusal } from "./EngineRefusal.ts"

export interface EngineIdentity {
  /** `29.0.0`. */
  readonly engineVersion: string
  /** The newest API version it speaks. */
  readonly apiVersion: string
  readonly minApiVersion: string
}

export const defaultIdentity: EngineIdentity = {
  engineVersion: "29.0.0",
  apiVersion: "1.52",
  minApiVersion: "1.24"
}

/** Below 0: `a` is older than `b`. Versions are `MAJOR.MINOR`. */
export const compareVersions = (a: string, b: string): number => {
  const [aMajor = 0, aMinor = 0] = a.split(".").map(Number)
  const [bMajor = 0, bMinor = 0] = b.split(".").map(Number)
  return aMajor - bMajor || aMinor - bMinor
}

export const isOlder = (version: string, than: string): boolean => compareVersions(version, than) < 0

export interface VersionedPath {
  /** Without the version. */
  readonly path: string
  /** The one asked for; the newest where none was. */
  readonly apiVersion: string
}

/** `/v1.41/nodes` → `/nodes` in 1.41. */
export const readVersion = (identity: EngineIdentity, path: string): VersionedPath => {
  const match = /^\/v(\d+\.\d+)(\/.*)$/.exec(path)
  if (match?.[1] === undefined || match[2] === undefined) return { path, apiVersion: identity.apiVersion }
  return { path: match[2], apiVersion: match[1] }
}

/** Throws EngineRefusal with the words of moby `daemon/server/middleware/version.go`. */
export const requireSupported = (identity: EngineIdentity, version: string): void => {
  if (isOlder(version, identity.minApiVersion))
    throw new EngineRefusal(
      400,
      `client version ${version} is too old. Minimum supported API version is ${identity.minApiVersion}, please upgrade your client to a newer version`
    )
  if (isOlder(identity.apiVersion, version))
    throw new EngineRefusal(
      400,
      `client version ${version} is too new. Maximum supported API version is ${identity.apiVersion}`
    )
}
