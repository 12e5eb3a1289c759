/**
 * A list of Swarm's objects as text, taken apart without parsing it: where each object begins and ends, and the id and version that
 * the engine writes first. What was read before under the same version need not be parsed.
 *
 * It cuts at `},{"ID":"`. No text value can hold that (its quotes would be escaped), so a wrong cut can only be within a list that
 * is nested in an object; a part of such a list is no JSON by itself, which whoever parses it sees.
 */

export interface ObjectText {
  readonly id: string
  /** The digits of `Version.Index`. */
  readonly version: string
  readonly begin: number
  readonly end: number
}

const opening = '[{"ID":"'
const border = '},{"ID":"'
const head = /\{"ID":"([^"\\]+)","Version":\{"Index":(\d+)\}[,}]/y

/**
 * The objects in order; null where the text is not written as engines do. `id` and `version` share the memory of the whole text:
 * they are for looking up, not for keeping.
 */
export function* objectTexts(text: string): Generator<ObjectText, boolean> {
  const listEnd = endOf(text)
  if (listEnd === null || !text.startsWith(opening)) return false
  let begin = 1
  while (begin < listEnd) {
    head.lastIndex = begin
    const [, id, version] = head.exec(text) ?? []
    if (id === undefined || version === undefined) return false
    const cut = text.indexOf(border, begin)
    const end = cut < 0 ? listEnd : cut + 1
    yield { id, version, begin, end }
    begin = end + 1
  }
  return true
}

/** Behind the last object; null where the list is not closed. */
const endOf = (text: string): number | null => {
  let last = text.length - 1
  while (last > 0 && (text[last] === "\n" || text[last] === " ")) last--
  return text[last] === "]" && text[last - 1] === "}" ? last : null
}

const statusOpening = '"ServiceStatus":{'
const countNames = ["RunningTasks", "DesiredTasks", "CompletedTasks"]

/**
 * What `GET /services?status=true` adds to each service: how many of its tasks run, are wanted and are complete, as `3 3 0`, by
 * the service's id. A count of tasks changes no version of the service. Empty where the text is not written as engines do.
 */
export const taskCounts = (text: string): ReadonlyMap<string, string> => {
  const counts = new Map<string, string>()
  for (const { begin, end, id } of objectTexts(text)) {
    const at = text.lastIndexOf(statusOpening, end)
    if (at < begin) continue
    const status = text.slice(at, text.indexOf("}", at))
    // Numbers, so that nothing of the text is kept.
    counts.set(id, countNames.map((name) => Number(new RegExp(`"${name}":(\\d+)`).exec(status)?.[1] ?? 0)).join(" "))
  }
  return counts
}
