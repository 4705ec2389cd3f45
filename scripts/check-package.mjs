// What would be published: only what users need, nothing of the machine it was made on, a command that can start, and
// nothing for which npm would refuse it. Asks no registry: whether the version is there already, only a publish can tell.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { judgePackage } from './lib/judge-package.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const HERE = {
  cwd: root,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'pipe'],
  env: { ...process.env, PATH: [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter) },
}
const folder = mkdtempSync(join(tmpdir(), 'edge-agent-package-'))
try {
  const tarball = pack()
  const wrong = [...judgePackage(unpack(tarball), { traces: traces(), env: settings() }), ...rehearse()]
  if (wrong.length > 0)
    throw new Error(`the package cannot be published like this:\n${wrong.map(line => `  ${line}`).join('\n')}`)
  // How bundlers and TypeScript would find it.
  must('publint', spawnSync('publint', ['--strict', tarball], HERE))
  must('attw', spawnSync('attw', [tarball, '--format', 'ascii'], HERE))
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function pack() {
  // Also where a rehearsal is what called us, and has told all its children to write nothing.
  must('npm pack', spawnSync('npm', ['pack', '--silent', '--dry-run=false', '--pack-destination', folder], HERE))
  return join(
    folder,
    readdirSync(folder).find(name => name.endsWith('.tgz')),
  )
}

function unpack(tarball) {
  must('tar', spawnSync('tar', ['-xzf', tarball, '-C', folder], HERE))
  return join(folder, 'package')
}

function traces() {
  return [root.replace(/\/$/, ''), homedir()].filter(path => path.split('/').length > 2)
}

/** npm's settings from every place that it knows, not from the environment alone. */
function settings() {
  const provenance = spawnSync('npm', ['config', 'get', 'provenance'], HERE).stdout.trim()
  return { ...process.env, npm_config_provenance: provenance }
}

/** npm's own rehearsal, without scripts and, by --force, without asking which versions there are. */
function rehearse() {
  const args = ['publish', '--dry-run', '--ignore-scripts', '--force', '--offline']
  const { status, stderr } = spawnSync('npm', args, HERE)
  // A warning says that npm would publish something else than what is written here.
  const said = stderr
    .split('\n')
    .filter(line => /^npm (error|warn publish) /.test(line) && !/logged in|complete log/.test(line))
    .map(line => line.replace(/^npm (error|warn publish)/, 'npm publish:'))
  return status === 0 || said.length > 0 ? said : [`npm publish: ends with ${status}`]
}

function must(what, { error, status, stdout, stderr }) {
  if (error) throw new Error(`${what} cannot be started: run npm ci first`, { cause: error })
  if (status !== 0) throw new Error(`${what} finds fault:\n${stdout}${stderr}`)
}
