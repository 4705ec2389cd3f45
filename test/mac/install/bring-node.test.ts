import {
  chmodSync,
  constants,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bringNode } from '../../../src/mac/install/bring-node.ts'
import { type RunTool, runTool } from '../../../src/mac/macos/run-tool.ts'

let dir: string
let told: string[]
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'node-'))
  told = []
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const program = (path: string, script: string): string => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

/** As Homebrew's: it runs where it is, and not without the library beside it. */
const stub = () =>
  program(
    join(dir, 'Cellar/bin/node'),
    `[ -e "$(dirname "$0")/libnode" ] || { echo "dyld: Library not loaded" >&2; exit 134; }\nexec '${process.execPath}' "$@"`,
  )

/** npm that brings a binary as the packages of node do. */
const npmWith =
  (script: string): RunTool =>
  async (name, args, options) => {
    if (name !== 'npm') return runTool(name, args, options)
    const [folder, wanted = ''] = [args[args.indexOf('--prefix') + 1] ?? '', args.at(-1)]
    program(join(folder, 'node_modules', wanted.replace(/@24$/, ''), 'bin/node'), script)
    return { kind: 'exited', code: 0, stdout: '', stderr: '' }
  }

const bring = (source: string, run: RunTool) =>
  bringNode({ source, sha256: 'of the source', to: join(dir, 'edge-agent') }, { run, tell: text => told.push(text) })

test('a node that runs by itself is copied', async () => {
  const source = join(dir, 'node')
  copyFileSync(process.execPath, source, constants.COPYFILE_FICLONE)
  expect(await bring(source, runTool)).toEqual({
    kind: 'copied',
    source,
    sha256: 'of the source',
    contentSha256: 'of the source',
    version: process.versions.node,
  })
  expect(told).toEqual([])
})

test('for one that does not, npm fetches an official binary; that is said, and nothing else is left of it', async () => {
  const node = await bring(stub(), npmWith('echo 24.9.0'))
  expect(node).toMatchObject({ kind: 'fetched', version: '24.9.0', sha256: 'of the source' })
  expect(node.contentSha256).toMatch(/^[0-9a-f]{64}$/)
  expect(readFileSync(join(dir, 'edge-agent'), 'utf8')).toContain('echo 24.9.0')
  expect(told[0]).toMatch(/npm install --prefix .+ --no-save --ignore-scripts .+node-.+@24/)
})

const npmFails: RunTool = async (name, args, options) =>
  name === 'npm' ? { kind: 'exited', code: 1, stdout: '', stderr: 'npm error ENOTFOUND' } : runTool(name, args, options)
const noNpm: RunTool = async (name, args, options) =>
  name === 'npm' ? { kind: 'not-found' } : runTool(name, args, options)

test.each<[string, RunTool, RegExp]>([
  ['npm cannot fetch it', npmFails, /ENOTFOUND/],
  ['there is no npm', noNpm, /npm is not on PATH/],
  ['what it fetched does not run', npmWith('exit 1'), /does not run/],
  ['what it fetched is too old', npmWith('echo 20.1.0'), /22\.19 or newer/],
])('where %s, the error has the cure', async (_, run, says) => {
  await expect(bring(stub(), run)).rejects.toMatchObject({
    code: 'node_unusable',
    message: expect.stringMatching(says),
    remedy: expect.stringContaining('--node PATH'),
  })
})
