import { describe, expect, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as ListText from "../src/ListText.ts"
import * as ObjectLists from "../src/ObjectLists.ts"
import { wireTask } from "../src/TestWire.ts"

/** Its parts; null where it cannot be taken apart. */
const partsOf = (text: string) => {
  const parts: Array<{ readonly id: string; readonly version: string; readonly text: string }> = []
  const cuts = ListText.objectTexts(text)
  for (;;) {
    const next = cuts.next()
    if (next.done === true) return next.value ? parts : null
    const { begin, end, id, version } = next.value
    parts.push({ id, version, text: text.slice(begin, end) })
  }
}

const object = (id: string, index: number, rest: object = {}) => ({ ID: id, Version: { Index: index }, ...rest })

describe("a list's text", () => {
  it("is cut into the texts of its objects", () => {
    const objects = [object("a", 1, { Spec: { Labels: { x: "y" } } }), object("b", 22), object("c", 3)]
    expect(partsOf(`${JSON.stringify(objects)}\n`)).toEqual(
      objects.map((each) => ({ id: each.ID, version: String(each.Version.Index), text: JSON.stringify(each) }))
    )
  })

  it("is not cut within a text that looks like a border", () => {
    const tricky = [object("a", 1, { Name: '},{"ID":"b","Version":{"Index":2}' }), object("c", 3)]
    expect(partsOf(JSON.stringify(tricky))?.map(({ id }) => id)).toEqual(["a", "c"])
  })

  it.each(["", "[]", "null", "{}", '[{"ID":"a"', '[{"Id":"a","Version":{"Index":1}}]', '[{"ID":"a","Spec":{}}]'])(
    "%s is left to a parser",
    (text) => {
      expect(partsOf(text)).toBeNull()
    }
  )
})

describe("a list that is read again", () => {
  const text = (...tasks: ReadonlyArray<object>) => JSON.stringify(tasks)
  const task = (id: string, index: number, state = "running") => ({
    ...object(id, index),
    ...wireTask({ id, service: "s1", node: "n1" }),
    Version: { Index: index },
    DesiredState: state
  })
  const read = (lists: ObjectLists.Lists, list: string) => Either.getOrThrow(lists.tasks(list))

  it("gives the same values for what did not change and new ones for what did", () => {
    const lists = ObjectLists.make()
    const before = read(lists, text(task("a", 1), task("b", 2), task("c", 3)))
    const after = read(lists, text(task("a", 1), task("b", 4, "shutdown"), task("d", 5)))
    expect(after.objects[0]).toBe(before.objects[0])
    expect(after.objects.map(({ desired, id }) => `${id} ${desired}`)).toEqual(["a running", "b shutdown", "d running"])
  })

  it("forgets what a list did not hold", () => {
    const lists = ObjectLists.make()
    const before = read(lists, text(task("a", 1), task("b", 2)))
    read(lists, text(task("b", 2)))
    expect(read(lists, text(task("a", 1), task("b", 2))).objects[0]).not.toBe(before.objects[0])
  })

  it("does not parse what did not change", () => {
    const lists = ObjectLists.make()
    const before = read(lists, text(task("a", 1), task("b", 2)))
    const [head] = JSON.stringify(task("a", 1)).split(',"CreatedAt"')
    const unread = `[${head ?? ""},"not":json},${JSON.stringify(task("b", 2))}]`
    expect(read(lists, unread).objects).toEqual(before.objects)
  })

  it("is parsed as a whole where a nested list was cut", () => {
    const lists = ObjectLists.make()
    read(lists, text(task("a", 1)))
    const nested = { ...task("b", 2), Spec: { Things: [object("x", 8), object("y", 9)] } }
    const { objects, problems } = read(lists, text(task("a", 1), nested))
    expect(problems).toEqual([])
    expect(objects.map(({ id }) => id)).toEqual(["a", "b"])
    expect(objects[1]?.spec).toEqual(nested.Spec)
  })

  it("names the object that is broken and keeps the others", () => {
    const lists = ObjectLists.make()
    read(lists, text(task("a", 1)))
    const { objects, problems } = read(lists, text(task("a", 1), { ...task("b", 2), ServiceID: 7 }))
    expect(objects.map(({ id }) => id)).toEqual(["a"])
    expect(problems.map(({ object: name }) => name)).toEqual(["task b"])
  })
})
