// Compiles src into dist, with the files beside the code that tsc does not carry. The new tree replaces the old one
// only once it is whole: a failed build leaves the last good one in place, and a running agent keeps its files.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const CARRIED = new Set(['.sql', '.applescript', '.html', '.css', '.js'])

const root = fileURLToPath(new URL('..', import.meta.url))
const src = join(root, 'src')
const dist = join(root, 'dist')
const fresh = join(root, 'node_modules', `.dist-${process.pid}`)
const old = `${fresh}-old`

try {
  compile()
  copyCarried()
  chmodSync(join(fresh, 'main.js'), 0o755)
  swap()
} finally {
  for (const leftover of [fresh, old]) rmSync(leftover, { recursive: true, force: true })
}

function compile() {
  const tsc = join(root, 'node_modules', '.bin', 'tsc')
  const { status, error } = spawnSync(tsc, ['-p', 'tsconfig.json', '--outDir', fresh], { cwd: root, stdio: 'inherit' })
  if (error) throw new Error('tsc cannot be started: run npm ci first', { cause: error })
  if (status !== 0) process.exit(status ?? 1)
}

function copyCarried() {
  for (const path of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
    if (CARRIED.has(extname(path))) cpSync(join(src, path), join(fresh, path))
  }
}

function swap() {
  try {
    renameSync(dist, old)
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
  renameSync(fresh, dist)
}
