/**
 * What a command takes: flags, options with a value, arguments. Plain values that cost nothing to make; `Parsing` reads a command
 * line by them, `HelpText` and `Completions` describe them.
 */
import * as Option from "effect/Option"

export interface Parameter<A> {
  readonly kind: "flag" | "option" | "argument"
  /** `move-deadline`, without the dashes; an argument's word. */
  readonly name: string
  /** One letter; null where there is none. */
  readonly short: string | null
  /** What stands for an option's value in the help. */
  readonly placeholder: string
  readonly about: string
  /** Fewest and most values. An option that is given more often than once counts with its last value where it takes one. */
  readonly least: number
  readonly most: number
  /** Its value, of the texts that were typed: none where it was left out. */
  readonly read: (texts: ReadonlyArray<string>) => Reading<A>
}

/** A value, or what is wrong with the text, as a clause. */
export type Reading<A> =
  | { readonly _tag: "Read"; readonly value: A }
  | { readonly _tag: "Wrong"; readonly text: string; readonly expected: string }

/** By the names that the command's action knows them by. */
export type Parameters = Readonly<Record<string, Parameter<unknown>>>

/** What an action is given. */
export type Given<P extends () => Parameters> = {
  readonly [Name in keyof ReturnType<P>]: ReturnType<P>[Name] extends Parameter<infer A> ? A : never
}

const read = <A>(value: A): Reading<A> => ({ _tag: "Read", value })

/** True where it is given. */
export const flag = (name: string, about: string, short: string | null = null): Parameter<boolean> => ({
  ...{ kind: "flag", name, short, placeholder: "", about, least: 0, most: 1 },
  read: (texts) => read(texts.length > 0)
})

/** An option whose value is read by `decode`, which gives null for a text that is not `expected`. */
export const decoded = <A, B>(
  name: string,
  placeholder: string,
  about: string,
  {
    decode,
    expected,
    fallback,
    short = null
  }: {
    readonly decode: (text: string) => A | null
    readonly expected: string
    readonly fallback: B
    readonly short?: string | null
  }
): Parameter<A | B> => ({
  ...{ kind: "option", name, short, placeholder, about, least: 0, most: 1 },
  read: (texts) => {
    const text = texts.at(-1)
    if (text === undefined) return read(fallback)
    const value = decode(text)
    return value === null ? { _tag: "Wrong", text, expected } : read(value)
  }
})

/** An option that may be left out. */
export const option = (name: string, placeholder: string, about: string): Parameter<Option.Option<string>> => ({
  ...{ kind: "option", name, short: null, placeholder, about, least: 0, most: 1 },
  read: (texts) => read(Option.fromNullable(texts.at(-1)))
})

/** An option that may be given several times. */
export const options = (name: string, placeholder: string, about: string): Parameter<ReadonlyArray<string>> => ({
  ...{ kind: "option", name, short: null, placeholder, about, least: 0, most: Infinity },
  read
})

export const argument = (name: string, about: string): Parameter<string> => ({
  ...{ kind: "argument", name, short: null, placeholder: "", about, least: 1, most: 1 },
  read: ([text = ""]) => read(text)
})

export const optionalArgument = (name: string, about: string): Parameter<Option.Option<string>> => ({
  ...{ kind: "argument", name, short: null, placeholder: "", about, least: 0, most: 1 },
  read: ([text]) => read(Option.fromNullable(text))
})

/** At least so many. */
export const someArguments = (name: string, about: string, least: 0 | 1): Parameter<ReadonlyArray<string>> => ({
  ...{ kind: "argument", name, short: null, placeholder: "", about, least, most: Infinity },
  read
})
