import type { Command } from 'commander'

/** What a shell can complete of one command. */
export type CommandNode = {
  readonly name: string
  readonly description: string
  readonly options: readonly OptionNode[]
  readonly commands: readonly CommandNode[]
  /** Words that its arguments can be. */
  readonly words: readonly string[]
}

export type OptionNode = {
  /** `--port`, and `-p` where there is one. */
  readonly flags: readonly string[]
  readonly description: string
  /** Undefined for an option without a value. */
  readonly value: OptionValue | undefined
}

type OptionValue = { readonly kind: 'words'; readonly words: readonly string[] } | { readonly kind: 'path' | 'text' }

/** The tree of a program as its help shows it: what is hidden there is not in it. */
export const commandTree = (command: Command): CommandNode => {
  const help = command.createHelp()
  return {
    name: command.name(),
    description: help.subcommandDescription(command),
    options: help.visibleOptions(command).map(option => ({
      flags: [option.long, option.short].filter(flag => typeof flag === 'string'),
      description: option.description,
      value: option.required || option.optional ? readValue(option) : undefined,
    })),
    commands: help.visibleCommands(command).map(commandTree),
    words: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  }
}

const readValue = ({ argChoices, flags }: { readonly argChoices?: string[]; readonly flags: string }): OptionValue => {
  if (argChoices !== undefined) return { kind: 'words', words: argChoices }
  return { kind: /<(file|folder|dir|path|program)>/.test(flags) ? 'path' : 'text' }
}
