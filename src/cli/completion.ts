import { Argument, type Command } from 'commander'

/** `edge-agent completion bash|zsh|fish`: prints the script by which a shell completes the commands. */
export const register = (program: Command): void => {
  program
    .command('completion')
    .description('print a completion script for your shell')
    .addArgument(new Argument('<shell>', 'your shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', EXAMPLES)
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const { commandTree } = await import('./command-tree.ts')
      const { renderCompletion } = await import('./render-completion.ts')
      process.stdout.write(renderCompletion(shell, commandTree(program)))
    })
}

const EXAMPLES = `
To enable it in every new shell:
  bash  echo 'eval "$(edge-agent completion bash)"' >> ~/.bashrc
        (on a Mac: ~/.bash_profile)
  zsh   echo 'eval "$(edge-agent completion zsh)"' >> ~/.zshrc
        (below the line with compinit)
  fish  edge-agent completion fish > ~/.config/fish/completions/edge-agent.fish`
