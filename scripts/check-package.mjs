// What would be published: only what users need, nothing of the machine it was made on, and a command that can start.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAY = [
  /^package\.json$/,
  /^README\.md$/,
  /^(CHANGELOG|CONTRIBUTING|SECURITY)\.md$/,
  /^LICENSE$/,
  /^docs\/(scenarios\/)?[\w-]+\.(md|json|toml)$/,
  /^launchd\/.+\.plist$/,
]
const MAY_IN_DIST = /^dist\/.+\.(js|sql|applescript|html|css)$/

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'edge-agent-package-'))
try {
  const tarball = pack()
  run('tar', ['-xzf', tarball, '-C', folder])
  const wrong = judge(join(folder, 'package'))
  if (wrong.length > 0)
    throw new Error(`the package is not as it should be:\n${wrong.map(line => `  ${line}`).join('\n')}`)
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function pack() {
  run('npm', ['pack', '--silent', '--pack-destination', folder])
  return join(
    folder,
    readdirSync(folder).find(name => name.endsWith('.tgz')),
  )
}

function run(command, args) {
  return execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

function judge(unpacked) {
  const files = readdirSync(unpacked, { recursive: true }).filter(path => statSync(join(unpacked, path)).isFile())
  const traces = [root.replace(/\/$/, ''), homedir()].filter(path => path.split('/').length > 2)
  const { bin } = JSON.parse(readFileSync(join(unpacked, 'package.json'), 'utf8'))
  return [
    ...files
      .filter(path => !MAY_IN_DIST.test(path) && !MAY.some(may => may.test(path)))
      .map(path => `${path}: not for users`),
    ...files.flatMap(path => {
      const text = readFileSync(join(unpacked, path), 'utf8')
      const trace = traces.find(trace => text.includes(trace)) ?? /^\/\/# sourceMappingURL=.*/m.exec(text)?.[0]
      return trace === undefined ? [] : [`${path}: has ${trace} in it`]
    }),
    ...Object.values(bin).flatMap(path => judgeCommand(join(unpacked, path), path)),
  ]
}

function judgeCommand(file, path) {
  const wrong = []
  if (!readFileSync(file, 'utf8').startsWith('#!/usr/bin/env node\n'))
    wrong.push(`${path}: does not begin with #!/usr/bin/env node`)
  if ((statSync(file).mode & 0o111) !== 0o111) wrong.push(`${path}: cannot be executed by all`)
  return wrong
}
