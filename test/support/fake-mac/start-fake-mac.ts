import { spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { removeFolder } from '../../../src/lab/demo/remove-folder.ts'
import { MAIN } from '../start-house.ts'
import { keychainIn } from './keychain.ts'

export type FakeMac = ReturnType<typeof startFakeMac>

export type CliEnd = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

/**
 * What launchctl does instead of its work: `times` often, or always. `*` is every verb, and `hangs` is no answer.
 */
export type Failure = {
  readonly verb: string
  readonly code?: number
  readonly says?: string
  readonly times?: number
  readonly hangs?: true
}

/**
 * A folder with a home and with the tools of macOS as programs on PATH: launchctl, which really starts what a plist
 * names, and small scripts for the others (bin/). `close` ends all that was started.
 */
export const startFakeMac = ({ homeName = 'home' }: { readonly homeName?: string } = {}) => {
  const dir = mkdtempSync(join(tmpdir(), 'mac-'))
  const home = join(dir, homeName)
  const bin = join(dir, 'bin')
  const plain = join(dir, 'plain')
  for (const each of [join(home, 'Library'), bin, plain]) mkdirSync(each, { recursive: true })
  linkPlainTools(plain)
  const env: Readonly<Record<string, string>> = {
    HOME: home,
    PATH: [bin, plain].join(':'),
    TMPDIR: tmpdir(),
  }

  /** A program on PATH: lines for sh, which know the folder as $FAKE_MAC. */
  const addTool = (name: string, script: string): void => {
    const path = join(bin, name)
    writeFileSync(path, `#!/bin/sh\nexport FAKE_MAC='${dir}'\n${script}\n`)
    chmodSync(path, 0o755)
  }
  for (const name of readdirSync(join(HERE, 'bin'))) addTool(name, `. '${join(HERE, 'bin', name)}'`)
  addTool('launchctl', `exec '${process.execPath}' '${join(HERE, 'launchctl.mjs')}' "$@"`)

  /** The command line in this home, from the dist of this tree unless `main` is another one. */
  const start = (args: readonly string[], options: RunOptions = {}) => {
    const { node = process.execPath, main = MAIN, env: more, cwd } = options
    return spawn(node, [main, ...args], { env: { ...env, ...more }, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  }

  return {
    dir,
    home,
    env,
    keychain: keychainIn(dir),
    addTool,
    /** As if the system had no such tool. */
    removeTool: (name: string) => rmSync(join(bin, name)),
    start,
    run: (args: readonly string[], options: RunOptions = {}): Promise<CliEnd> =>
      new Promise((resolve, reject) => {
        const child = start(args, options)
        const output = { stdout: '', stderr: '' }
        for (const name of ['stdout', 'stderr'] as const) {
          child[name].setEncoding('utf8').on('data', (chunk: string) => {
            output[name] += chunk
            options.onOutput?.(output[name], child)
          })
        }
        child.once('error', reject)
        child.once('close', code => resolve({ code, ...output }))
      }),
    /** A file in the folder that the tools look at; see bin/. */
    write: (name: string, text = '') => writeFileSync(join(dir, name), text),
    remove: (name: string) => rmSync(join(dir, name), { force: true }),
    fail: (failures: readonly Failure[]) => writeFileSync(join(dir, 'failures.json'), JSON.stringify(failures)),
    /** Every call of a tool so far, as `launchctl print gui/501`. */
    calls: (): readonly string[] => {
      const path = join(dir, 'calls.log')
      return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : []
    },
    /** What launchd knows of a loaded job; undefined where it is not loaded. */
    job: (label = 'com.edge-agent'): Job | undefined => {
      const path = join(dir, 'launchd', `${label}.json`)
      return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Job) : undefined
    },
    close: async (): Promise<void> => {
      // A job's launchd looks for its file, and ends with it.
      for (const file of jobFiles(dir)) {
        const { launchd, pid } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Job>
        for (const each of [launchd, pid]) kill(each)
      }
      await removeFolder(dir)
    },
  }
}

export type Job = {
  readonly launchd: number
  readonly plist: string
  readonly program: string
  readonly state: string
  readonly pid?: number
  readonly runs: number
  readonly lastExitCode?: number
}

type RunOptions = {
  readonly env?: Readonly<Record<string, string>>
  readonly node?: string
  readonly main?: string
  readonly cwd?: string
  /** Called with all of a stream so far. */
  readonly onOutput?: (output: string, child: ReturnType<typeof spawn>) => void
}

/**
 * What a script needs of any Unix, and nothing else that this machine may have: on a Mac a test must never come to the
 * real launchctl.
 */
const linkPlainTools = (folder: string): void => {
  symlinkSync(process.execPath, join(folder, 'node'))
  for (const name of PLAIN_TOOLS) {
    const found = ['/usr/bin', '/bin'].map(each => join(each, name)).find(path => existsSync(path))
    if (found !== undefined) symlinkSync(found, join(folder, name))
  }
}

const PLAIN_TOOLS =
  'cat cp date dirname env false grep head ls mkdir mv ps rm sed sh sleep sort tail touch tr true uname wc'.split(' ')

const HERE = fileURLToPath(new URL('.', import.meta.url))

const jobFiles = (dir: string): readonly string[] => {
  const folder = join(dir, 'launchd')
  const names = existsSync(folder) ? readdirSync(folder) : []
  return names.filter(name => name.endsWith('.json') && name !== 'disabled.json').map(name => join(folder, name))
}

const kill = (pid: number | undefined): void => {
  if (pid === undefined) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it has ended
  }
}
