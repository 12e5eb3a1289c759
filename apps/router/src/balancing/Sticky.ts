/**
 * `sticky`: a cookie that names the task which answered first. Its value is HMAC-SHA-256 of target and task, cut to 128 bits:
 * nobody can make one for a task of his choice, it tells nothing of the Swarm, and routers with the same key understand one
 * another's. When its task is gone, or does not take requests, the request goes elsewhere and the cookie changes.
 */
import type { RequestHead } from "@evenkeel/http1/RequestHead"
import { createHmac, randomBytes } from "node:crypto"
import type { Endpoint } from "../proxy/Endpoint.ts"
import { cookieValue } from "./Affinity.ts"
import { hashOf } from "./Hashing.ts"
import type { Pool } from "./Pool.ts"

const valueBytes = 16
const keyBytes = 32

export class StickyCookies {
  /** No key was given: other routers, and this one after a restart, do not know these cookies. */
  readonly isKeyRandom: boolean
  private readonly key: string | Buffer
  private readonly values = new WeakMap<Endpoint, Map<string, string>>()

  /** `key`: the secret shared by all routers; null: one of this process's own. */
  constructor(key: string | null) {
    this.isKeyRandom = key === null
    this.key = key ?? randomBytes(keyBytes)
  }

  /** One for each target: several may answer under one host. */
  nameOf(target: string): string {
    return `evenkeel-${hashOf(target).toString(16).padStart(8, "0")}`
  }

  /** The endpoint of `pool` that the request's cookie names, or null. */
  find(head: RequestHead, target: string, pool: Pool): Endpoint | null {
    const value = cookieValue(head.fields, this.nameOf(target))
    if (value === "") return null
    for (const endpoint of pool.ready) if (this.valueOf(target, endpoint) === value) return endpoint
    return null
  }

  /** The field line by which `endpoint` is remembered. `secure`: the client came over TLS. */
  line(target: string, endpoint: Endpoint, secure: boolean): string {
    const attributes = `Path=/; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`
    return `Set-Cookie: ${this.nameOf(target)}=${this.valueOf(target, endpoint)}; ${attributes}\r\n`
  }

  private valueOf(target: string, endpoint: Endpoint): string {
    let known = this.values.get(endpoint)
    if (known === undefined) this.values.set(endpoint, (known = new Map()))
    let value = known.get(target)
    if (value === undefined) {
      const mac = createHmac("sha256", this.key).update(`${target}\0${endpoint.task}`).digest()
      value = mac.subarray(0, valueBytes).toString("base64url")
      known.set(target, value)
    }
    return value
  }
}
