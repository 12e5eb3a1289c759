import { describe, expect, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as SpecText from "../src/SpecText.ts"

const apply = (text: string, patch: SpecText.Patch): SpecText.Patched => Either.getOrThrow(SpecText.apply(text, patch))

/** A spec as Go writes it, with what a re-encoder would lose. */
const spec =
  '{"Name":"p2p_vvm1","Labels":{"com.docker.stack.namespace":"p2p","html":"\\u003cb\\u003e \\u0026 \\u2028"},' +
  '"TaskTemplate":{"ContainerSpec":{"Image":"vvm:1","Ulimits":[{"Name":"nofile","Hard":9223372036854775807,"Soft":-1}],' +
  '"FutureField":{"x":1.0,"y":1e3,"z":[]}},"Placement":{},"ForceUpdate":0},' +
  '"Mode":{"Replicated":{"Replicas":1}},"EndpointSpec":{"Mode":"vip"}}'

// One JSON document as text, with free spacing, escapes and numbers: never through JSON.stringify of a whole.
const space = FastCheck.constantFrom("", "", "", " ", "\n", "\t ", "\r\n  ")
const keys = ["a", "b", "c", "Labels", "", "__proto__", "com.docker/é", 'quote"\\', "\u003c"] as const
const key = FastCheck.constantFrom(...keys)
const keyText = (name: string): FastCheck.Arbitrary<string> =>
  FastCheck.boolean().map((escaped) =>
    escaped
      ? `"${[...name].map((char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`).join("")}"`
      : JSON.stringify(name)
  )
const scalar = FastCheck.oneof(
  FastCheck.constantFrom(
    "null",
    "true",
    "9223372036854775807",
    "-0.0",
    "1.50",
    "1E+30",
    '"\\u003c\\/\\ud83d\\ude00"',
    '""'
  ),
  FastCheck.string().map((text) => JSON.stringify(text))
)
const { value } = FastCheck.letrec<{ value: string; object: string; list: string }>((tie) => ({
  value: FastCheck.oneof({ maxDepth: 4, withCrossShrink: true }, scalar, tie("object"), tie("object"), tie("list")),
  list: FastCheck.tuple(FastCheck.array(FastCheck.tuple(space, tie("value"), space), { maxLength: 4 }), space).map(
    ([items, inside]) => `[${items.length === 0 ? inside : items.map((parts) => parts.join("")).join(",")}]`
  ),
  object: FastCheck.tuple(FastCheck.uniqueArray(key, { maxLength: 5 }), space).chain(([names, inside]) =>
    names.length === 0
      ? FastCheck.constant(`{${inside}}`)
      : FastCheck.tuple(
          ...names.map((name) =>
            FastCheck.tuple(space, keyText(name), space, FastCheck.constant(":"), space, tie("value"), space)
          )
        ).map((members) => `{${members.map((parts) => parts.join("")).join(",")}}`)
  )
}))

/** Every path of a document but its root. */
const pathsOf = (json: unknown, base: SpecText.Path = []): ReadonlyArray<SpecText.Path> => {
  if (typeof json !== "object" || json === null) return []
  const entries = Array.isArray(json) ? [...json.entries()] : Object.entries(json)
  return entries.flatMap(([name, item]: [string | number, unknown]) => {
    const path = [...base, name]
    return [path, ...pathsOf(item, path)]
  })
}

const anyPath = FastCheck.array(
  FastCheck.oneof({ weight: 5, arbitrary: key }, { weight: 1, arbitrary: FastCheck.nat(3) }),
  { minLength: 1, maxLength: 4 }
)

/** Half of the paths lead to what is there, the others anywhere, a little below what is there included. */
const operationOn = (original: string): FastCheck.Arbitrary<SpecText.PatchOperation> => {
  const existing = pathsOf(JSON.parse(original))
  const known = existing.length === 0 ? anyPath : FastCheck.constantFrom(...existing)
  const below = FastCheck.tuple(known, anyPath).map(([path, rest]) => [...path, ...rest])
  return FastCheck.record({
    path: FastCheck.oneof({ weight: 3, arbitrary: known }, below, anyPath),
    value: FastCheck.option(value, { freq: 2 })
  })
}

/** A document and a patch that fits it. */
const patched = value
  .chain((original) =>
    FastCheck.tuple(
      FastCheck.constant(original),
      FastCheck.array(operationOn(original), { minLength: 1, maxLength: 4 })
    )
  )
  .filter(([original, patch]) => Either.isRight(SpecText.apply(original, patch)))

/** The same value as another writer would put it: keys in reverse order, spread over lines. Texts of scalars stay. */
const rewritten = (text: string): string => {
  const parsed: unknown = JSON.parse(text)
  const walk = (json: unknown, path: ReadonlyArray<string | number>): string => {
    if (Array.isArray(json)) return `[ ${json.map((item, index) => walk(item, [...path, index])).join(" ,\n")} ]`
    if (typeof json !== "object" || json === null) return SpecText.get(text, path) ?? "absent"
    const members = Object.entries(json).reverse()
    return `{\n${members.map(([name, item]) => `${JSON.stringify(name)} : ${walk(item, [...path, name])}`).join(",\n")} }`
  }
  return walk(parsed, [])
}

describe("SpecText.get", () => {
  it("gives the value's own bytes", () => {
    expect(SpecText.get(spec, ["TaskTemplate", "ContainerSpec", "Ulimits", 0, "Hard"])).toBe("9223372036854775807")
    expect(SpecText.get(spec, ["Labels", "html"])).toBe('"\\u003cb\\u003e \\u0026 \\u2028"')
    expect(SpecText.get(spec, ["TaskTemplate", "ContainerSpec", "FutureField"])).toBe('{"x":1.0,"y":1e3,"z":[]}')
    expect(SpecText.get(spec, [])).toBe(spec)
  })

  it("tells absent from null, and an index from a key", () => {
    expect(SpecText.get('{"a":null}', ["a"])).toBe("null")
    expect(SpecText.get('{"a":null}', ["b"])).toBeUndefined()
    expect(SpecText.get('{"a":null}', ["a", "b"])).toBeUndefined()
    expect(SpecText.get('{"0":1}', [0])).toBeUndefined()
    expect(SpecText.get('{"a":1,}', ["a"])).toBeUndefined()
  })

  it("takes the last of equal keys, as Go does", () => {
    expect(SpecText.get('{"a":1,"a":2}', ["a"])).toBe("2")
  })
})

describe("SpecText.apply", () => {
  it("changes what the patch names and not a byte more", () => {
    const { text } = apply(spec, [
      { path: ["Mode", "Replicated", "Replicas"], value: "4" },
      { path: ["Labels", "evenkeel.move"], value: '"surge"' },
      { path: ["TaskTemplate", "Placement", "Constraints"], value: '["node.id==n1"]' }
    ])
    expect(text).toBe(
      spec
        .replace('"Replicas":1', '"Replicas":4')
        .replace('\\u2028"}', '\\u2028","evenkeel.move":"surge"}')
        .replace('"Placement":{}', '"Placement":{"Constraints":["node.id==n1"]}')
    )
  })

  it("makes the objects that are missing on the way, and takes them away again", () => {
    const { inverse, text } = apply('{ "Name":"x" }', [
      { path: ["UpdateConfig", "Deep", "Order"], value: '"start-first"' }
    ])
    expect(text).toBe('{ "Name":"x","UpdateConfig":{"Deep":{"Order":"start-first"}} }')
    expect(apply(text, inverse).text).toBe('{ "Name":"x" }')
  })

  it("leaves what others put into an object that it made", () => {
    const { inverse } = apply('{"Name":"x"}', [{ path: ["Placement", "Constraints"], value: "[]" }])
    const others = '{"Name":"x","Placement":{"Constraints":[],"MaxReplicas":2}}'
    expect(apply(others, inverse).text).toBe('{"Name":"x","Placement":{"MaxReplicas":2}}')
  })

  it("takes Go's null for an empty map", () => {
    const { inverse, text } = apply('{"Labels":null}', [{ path: ["Labels", "a"], value: '"1"' }])
    expect(text).toBe('{"Labels":{"a":"1"}}')
    expect(apply(text, inverse).text).toBe('{"Labels":null}')
    expect(apply('{"Labels":{"a":"1","b":"2"}}', inverse).text).toBe('{"Labels":{"b":"2"}}')
  })

  it("puts a removed member back where it stood, also among other neighbours", () => {
    const original = '{ "a" : 1 , "b" :\t2 , "c" : 3 }'
    for (const name of ["a", "b", "c"]) {
      const { inverse, text } = apply(original, [{ path: [name], value: null }])
      expect(JSON.parse(text)).not.toHaveProperty(name)
      expect(apply(text, inverse).text).toBe(original)
      expect(SpecText.sameValue(apply("{}", inverse).text, `{"${name}":${SpecText.get(original, [name])}}`)).toBe(true)
    }
  })

  it.each([
    ["not JSON", '{"a":1', ["a"], "2"],
    ["a comment", '{"a":1} // x', ["a"], "2"],
    ["a value that is not JSON", '{"a":1}', ["a"], "{"],
    ["a way through a number", '{"a":1}', ["a", "b"], "2"],
    ["a key of an array", '{"a":[1]}', ["a", "b"], "2"],
    ["an index past the end", '{"a":[1]}', ["a", 2], "2"],
    ["the removal of the root", '{"a":1}', [], null],
    ["the removal of a doubled key", '{"a":1,"a":2}', ["a"], null]
  ])("refuses %s", (_, text, path, value) => {
    expect(Either.isLeft(SpecText.apply(text, [{ path, value }]))).toBe(true)
  })

  it("its inverse gives back the original byte for byte", () => {
    let changed = 0
    FastCheck.assert(
      FastCheck.property(patched, ([original, patch]) => {
        const done = apply(original, patch)
        if (done.text !== original) changed += 1
        JSON.parse(done.text)
        // The inverse survives a journal.
        const inverse = JSON.parse(JSON.stringify(done.inverse)) as SpecText.Patch
        expect(apply(done.text, inverse).text).toBe(original)
      }),
      { numRuns: 1500 }
    )
    expect(changed).toBeGreaterThan(750)
  })

  it("its inverse gives back the original value when another writer has rewritten the text", () => {
    FastCheck.assert(
      FastCheck.property(patched, ([original, patch]) => {
        const done = apply(original, patch)
        const { text } = apply(rewritten(done.text), done.inverse)
        expect(SpecText.sameValue(text, original)).toBe(true)
      }),
      { numRuns: 800 }
    )
  })

  it("sets exactly the given value, and nothing else changes", () => {
    FastCheck.assert(
      FastCheck.property(patched, ([original, [operation]]) => {
        if (operation === undefined) return
        const { text } = apply(original, [operation])
        const after = SpecText.get(text, operation.path)
        if (operation.value !== null) expect(after).toBe(operation.value.trim())
        else if (typeof operation.path.at(-1) === "string") expect(after).toBeUndefined()
        // Every other path keeps its bytes, unless it holds or lies within the one that changed, or an array has shifted.
        for (const path of pathsOf(JSON.parse(original))) {
          const isRelated = path.every(
            (name, index) => index >= operation.path.length || name === operation.path[index]
          )
          if (!isRelated && operation.path.every((name) => typeof name === "string"))
            expect(SpecText.get(text, path)).toBe(SpecText.get(original, path))
        }
      }),
      { numRuns: 800 }
    )
  })
})

describe("SpecText.sameValue", () => {
  it("does not mind order, spacing and escapes", () => {
    expect(SpecText.sameValue('{"a":"<","b":[1, 2]}', '{ "b":[1,2],"a":"\\u003c" }')).toBe(true)
  })

  it("sees what JavaScript's numbers do not", () => {
    expect(SpecText.sameValue('{"a":9223372036854775807}', '{"a":9223372036854775806}')).toBe(false)
    expect(SpecText.sameValue("[1,2]", "[2,1]")).toBe(false)
    expect(SpecText.sameValue("{", "{")).toBe(false)
  })
})
