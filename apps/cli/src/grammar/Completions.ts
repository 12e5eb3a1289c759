/**
 * Scripts that complete command lines: words of commands and options, no values. For bash and zsh a table of what may follow
 * which words, for fish a line for each.
 */
import type { Leaf } from "../Leaf.ts"

export const shells = ["bash", "zsh", "fish"] as const
export type Shell = (typeof shells)[number]

/** Words that may follow a path, each with what it does where that is known. */
interface Following {
  readonly path: ReadonlyArray<string>
  readonly words: ReadonlyArray<readonly [word: string, about: string]>
  readonly options: ReadonlyArray<Option>
}

interface Option {
  readonly name: string
  readonly short: string | null
  readonly about: string
  readonly takesValue: boolean
}

const help: Option = { name: "help", short: "h", about: "Show help.", takesValue: false }

const followings = (commands: ReadonlyArray<Leaf>): ReadonlyArray<Following> => {
  const groups = new Map<string, Map<string, string>>()
  for (const { about, path } of commands)
    path.forEach((word, at) => {
      const key = path.slice(0, at).join(" ")
      const words = groups.get(key) ?? new Map<string, string>()
      groups.set(key, words.set(word, words.get(word) ?? (at === path.length - 1 ? about : "")))
    })
  return [
    ...[...groups].map(([key, words]) => ({
      path: key === "" ? [] : key.split(" "),
      words: [...words],
      options: key === "" ? [help, { ...help, name: "version", short: null, about: "Show the version." }] : [help]
    })),
    ...commands.map(({ options, path }) => ({
      path,
      words: [],
      options: [
        ...Object.values(options()).flatMap(({ about, kind, name, short }) =>
          kind === "argument" ? [] : [{ name, short, about, takesValue: kind === "option" }]
        ),
        { ...help, name: "json", short: null, about: "Short for --format json." },
        help
      ]
    }))
  ]
}

const bash = (all: ReadonlyArray<Following>): string => {
  const cases = all.map(({ options, path, words }) => {
    const next = [...words.map(([word]) => word), ...options.map(({ name }) => `--${name}`)]
    return `    "${path.join(" ")}") next="${next.join(" ")}" ;;`
  })
  return `_evenkeel() {
  local path="" next="" word at
  for ((at = 1; at < COMP_CWORD; at++)); do
    word="\${COMP_WORDS[at]}"
    [[ $word == -* ]] && break
    case "$path \${word}" in
${all
  .filter(({ path }) => path.length > 0)
  .map(({ path }) => `      "${[path.slice(0, -1).join(" "), path.at(-1)].join(" ")}") path="${path.join(" ")}" ;;`)
  .join("\n")}
    esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$next" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _evenkeel evenkeel
`
}

const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`

const fish = (all: ReadonlyArray<Following>): string => {
  const lines = all.flatMap(({ options, path, words }) => {
    const at = `complete -c evenkeel -n ${quoted(`__evenkeel_after ${path.join(" ")}`.trim())}`
    return [
      ...words.map(([word, about]) => `${at} -f -a ${word}${about === "" ? "" : ` -d ${quoted(about)}`}`),
      ...options.map(({ about, name, short, takesValue }) =>
        [
          at,
          `-l ${name}`,
          ...(short === null ? [] : [`-s ${short}`]),
          ...(takesValue ? ["-r"] : []),
          `-d ${quoted(about)}`
        ].join(" ")
      )
    ]
  })
  return `function __evenkeel_after
  set -l typed (commandline -opc)[2..-1]
  set -l words
  for word in $typed
    string match -q -- '-*' $word; and break
    set -a words $word
  end
  set -l known (count $argv)
  if test $known -eq 0
    test (count $words) -eq 0
    return
  end
  test (count $words) -ge $known; and test "$words[1..$known]" = "$argv"
end
${lines.join("\n")}
`
}

/** The script for one shell; it is to be sourced. */
export const script = (shell: Shell, commands: ReadonlyArray<Leaf>): string => {
  const all = followings(commands)
  if (shell === "fish") return fish(all)
  return shell === "bash" ? bash(all) : `autoload -U +X bashcompinit && bashcompinit\n${bash(all)}`
}
