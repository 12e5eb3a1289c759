/** The shared secret between routers and rebalancers as an HTTP field: `Authorization: Bearer <token>`. */
import * as Redacted from "effect/Redacted"
import { createHash, timingSafeEqual } from "node:crypto"

const digest = (text: string): Buffer => createHash("sha256").update(text).digest()

/** The field's value. */
export const header = (token: Redacted.Redacted): string => `Bearer ${Redacted.value(token)}`

/** Whether `authorization` carries `token`. Takes the same time whatever is wrong. */
export const matches = (token: Redacted.Redacted, authorization: string | undefined): boolean => {
  const match = /^bearer +(\S+) *$/i.exec(authorization ?? "")
  const same = timingSafeEqual(digest(match?.[1] ?? ""), digest(Redacted.value(token)))
  return same && match !== null
}
