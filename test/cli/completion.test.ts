import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { CommandNode } from '../../src/cli/command-tree.ts'
import { renderCompletion, SHELLS } from '../../src/cli/render-completion.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

const scriptFor = (shell: string): string =>
  spawnSync(process.execPath, [MAIN, 'completion', shell], { encoding: 'utf8' }).stdout

/** What a real bash offers after these words, the last of which is being typed. */
const offered = (script: string, ...words: string[]): string[] => {
  const line = ['edge-agent', ...words]
  const ask = `${script}
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); ${/-F (\w+)/.exec(script)?.[1]}
    printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr, status } = spawnSync('bash', ['-euc', ask, 'bash', ...line], { encoding: 'utf8' })
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
  return stdout.split('\n').filter(word => word !== '')
}

test('bash is offered commands, their subcommands, options, and the words that these take', () => {
  const script = scriptFor('bash')
  expect(offered(script, 'st')).toEqual(expect.arrayContaining(['start', 'status']))
  expect(offered(script, '')).not.toContain('messages-simulator')
  expect(offered(script, 'config', '')).toEqual(expect.arrayContaining(['check', 'show', 'path']))
  expect(offered(script, 'config', 'show', '--j')).toEqual(['--json'])
  expect(offered(script, 'queue', 'retry', '--backend-u')).toEqual(['--backend-url'])
  expect(offered(script, 'completion', '')).toEqual(expect.arrayContaining(['bash', 'zsh', 'fish']))
  expect(offered(script, 'init', '--secret-store', '')).toEqual(['file', 'keychain'])
})

test('the value of an option is no command, and a path is left to bash', () => {
  const script = scriptFor('bash')
  expect(offered(script, 'status', '--profile', 'config', '--j')).toEqual(['--json'])
  expect(offered(script, 'status', '--config', '')).toEqual([])
})

const TREE: CommandNode = {
  name: 'tool',
  description: 'a tool',
  words: [],
  options: [{ flags: ['--version', '-V'], description: "the tool's version", value: undefined }],
  commands: [
    {
      name: 'paint',
      description: 'paint it: all [of] it',
      words: [],
      options: [
        { flags: ['--colour', '-c'], description: 'of it', value: { kind: 'words', words: ['red', 'blue'] } },
        { flags: ['--from'], description: 'a file', value: { kind: 'path' } },
        { flags: ['--name'], description: 'a name', value: { kind: 'text' } },
      ],
      commands: [],
    },
    { name: 'say', description: 'say it', words: ['yes', 'no'], options: [], commands: [] },
  ],
}

test.each(SHELLS)('the script for %s', shell => {
  expect(renderCompletion(shell, TREE)).toMatchSnapshot()
})

test.each(SHELLS)('the script for %s names every command and option of the program', shell => {
  const script = scriptFor(shell)
  for (const word of ['init', 'completion', 'mock-backend', 'check', 'secret-store', 'think-ms', 'keychain']) {
    expect(script).toContain(word)
  }
})

test('a shell that it does not know is a usage error', () => {
  const { status, stderr } = spawnSync(process.execPath, [MAIN, 'completion', 'tcsh'], { encoding: 'utf8' })
  expect(status).toBe(64)
  expect(stderr).toContain('bash, zsh, fish')
})
