import type { CommandNode, OptionNode } from './command-tree.ts'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** The script that completes the program in a shell: its commands, options, and the words that these take. */
export const renderCompletion = (shell: Shell, root: CommandNode): string => {
  const paths = flatten(root, [])
  switch (shell) {
    case 'bash':
      return renderBash(root.name, paths)
    case 'zsh':
      return renderZsh(root.name, paths)
    case 'fish':
      return renderFish(root.name, paths)
  }
}

/** A command with the words that lead to it: none for the program itself, `config check` for that one. */
type Path = { readonly words: readonly string[]; readonly node: CommandNode }

const flatten = (node: CommandNode, words: readonly string[]): Path[] => [
  { words, node },
  ...node.commands.flatMap(child => flatten(child, [...words, child.name])),
]

const candidates = ({ commands, words, options }: CommandNode): string[] => [
  ...commands.map(({ name }) => name),
  ...words,
  ...options.flatMap(({ flags }) => flags),
]

const takingValue = (paths: readonly Path[]): string[] => [
  ...new Set(paths.flatMap(({ node }) => node.options.filter(({ value }) => value).flatMap(({ flags }) => flags))),
]

/** For bash from 3.2 on, which macOS has. Where nothing is left to say, bash completes files by itself. */
const renderBash = (program: string, paths: readonly Path[]): string => {
  const name = `_${identifier(program)}`
  const values = paths.flatMap(({ words, node }) =>
    node.options.flatMap(({ flags, value }) => {
      if (value === undefined) return []
      const pattern = flags.map(flag => quote(`${words.join(' ')}:${flag}`)).join('|')
      return [`    ${pattern}) ${value.kind === 'words' ? `words=${quote(value.words.join(' '))}` : 'return'} ;;`]
    }),
  )
  const commands = paths.map(
    ({ words, node }) => `    ${quote(words.join(' '))}) words=${quote(candidates(node).join(' '))} ;;`,
  )
  const known = paths.filter(({ words }) => words.length > 0).map(({ words }) => quote(words.join(' ')))
  return `# bash completion of ${program}
${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} path='' words='' i next
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      ${takingValue(paths).join('|')}) i=$((i + 1)); continue ;;
    esac
    next="\${path:+$path }\${COMP_WORDS[i]}"
    case "$next" in
      ${known.join('|')}) path=$next ;;
    esac
  done
  case "$path:$prev" in
${values.join('\n')}
    *)
      case "$path" in
${commands.map(line => `  ${line}`).join('\n')}
      esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F ${name} ${program}
`
}

/** One function per command; _arguments does the rest. */
const renderZsh = (program: string, paths: readonly Path[]): string => {
  const name = (words: readonly string[]) => `_${identifier([program, ...words].join('_'))}`
  const functions = paths.map(({ words, node }) => {
    const specs = node.options.map(zshOption)
    if (node.commands.length === 0) {
      const rest = node.words.length > 0 ? `'1:argument:(${node.words.join(' ')})'` : `'*::argument:_default'`
      return `${name(words)}() {
  _arguments -s ${[...specs, rest].join(' \\\n    ')}
}`
    }
    const list = node.commands.map(child => quote(`${child.name}:${zshText(child.description)}`))
    const cases = node.commands.map(child => `        ${child.name}) ${name([...words, child.name])} ;;`)
    return `${name(words)}() {
  local curcontext=$curcontext state line
  local -a commands
  commands=(
    ${list.join('\n    ')}
  )
  _arguments -C ${[...specs, `'1:command:->command'`, `'*::argument:->argument'`].join(' \\\n    ')}
  case $state in
    command) _describe command commands ;;
    argument)
      case $line[1] in
${cases.join('\n')}
      esac ;;
  esac
}`
  })
  // Works both as a file on $fpath and read by source.
  return `#compdef ${program}
${functions.join('\n\n')}

if [ "$funcstack[1]" = ${name([])} ]; then
  ${name([])} "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
  compdef ${name([])} ${program}
fi
`
}

const zshOption = ({ flags, description, value }: OptionNode): string => {
  const [first = ''] = flags
  const action = value?.kind === 'words' ? `(${value.words.join(' ')})` : value?.kind === 'path' ? '_files' : ' '
  const end = `[${zshText(description)}]${value === undefined ? '' : `:value:${action}`}`
  if (flags.length === 1) return quote(`${first}${end}`)
  return `'(${flags.join(' ')})'{${flags.join(',')}}${quote(end)}`
}

const zshText = (text: string): string => text.replace(/[\][:\\]/g, '\\$&')

const renderFish = (program: string, paths: readonly Path[]): string => {
  const own = paths.flatMap(({ words, node }) => {
    const isHere = quote(fishCondition(words, node))
    const start = `complete -c ${program} -n ${isHere}`
    return [
      ...node.commands.map(child => `${start} -f -a ${child.name} -d ${quote(child.description)}`),
      ...(node.words.length > 0 ? [`${start} -f -a ${quote(node.words.join(' '))}`] : []),
      ...node.options.map(option => `${start} ${fishOption(option)}`),
    ]
  })
  return `# fish completion of ${program}
${own.join('\n')}
`
}

/** At a command, and at none of those below it. */
const fishCondition = (words: readonly string[], { commands }: CommandNode): string =>
  [
    ...words.map(word => `__fish_seen_subcommand_from ${word}`),
    ...(commands.length > 0 ? [`not __fish_seen_subcommand_from ${commands.map(({ name }) => name).join(' ')}`] : []),
  ].join('; and ')

const fishOption = ({ flags, description, value }: OptionNode): string =>
  [
    ...flags.map(flag => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)),
    ...(value === undefined ? [] : value.kind === 'path' ? ['-r -F'] : ['-x']),
    ...(value?.kind === 'words' ? [`-a ${quote(value.words.join(' '))}`] : []),
    `-d ${quote(description)}`,
  ].join(' ')

const identifier = (text: string): string => text.replace(/\W/g, '_')

/** For all three shells; a quote in a text becomes a typographic one, which needs no escape anywhere. */
const quote = (text: string): string => `'${text.replaceAll("'", '’')}'`
