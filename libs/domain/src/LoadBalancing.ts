/**
 * How requests are spread over the tasks of a service, as `evenkeel.lb` names it. What each name means is the router's
 * affair; here is only which names there are.
 */
import * as Schema from "effect/Schema"

const names = ["ewma", "least", "round-robin", "sticky"] as const
const mostSegments = 99
const expected =
  "expected ewma, least, round-robin, sticky, hash:header:<name>, hash:cookie:<name> or hash:path:<n> with n from 1"

/** A field or cookie name is a token (RFC 9110 §5.6.2). */
const isKnown = (text: string): boolean => {
  if ((names as ReadonlyArray<string>).includes(text)) return true
  if (/^hash:(?:header|cookie):[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text)) return true
  const segment = /^hash:path:(\d{1,2})$/.exec(text)?.[1]
  return segment !== undefined && Number(segment) >= 1 && Number(segment) <= mostSegments
}

type Known = (typeof names)[number] | `hash:${"header" | "cookie" | "path"}:${string}`

/** `hash:path:1` is the first segment of the path. */
export const LoadBalancing = Schema.String.pipe(
  Schema.filter((text): text is Known => isKnown(text), {
    message: () => expected,
    // Random texts hardly ever name a policy.
    arbitrary: () => (fc) => fc.constantFrom<Known>(...names, "hash:header:x-user", "hash:cookie:user", "hash:path:1")
  })
)
export type LoadBalancing = typeof LoadBalancing.Type

export const defaultLoadBalancing: LoadBalancing = "ewma"

/** As routers read it from a feed: a name of a later release is taken for the default, and the table stays readable. */
export const LoadBalancingFromFeed = Schema.transform(Schema.String, Schema.typeSchema(LoadBalancing), {
  strict: true,
  decode: (text) => (Schema.is(LoadBalancing)(text) ? text : defaultLoadBalancing),
  encode: (name) => name
})
