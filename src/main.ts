#!/usr/bin/env node
// better-sqlite3 crashes the process on a Node that is too old, so nothing else is imported before this check.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `edge-agent: Node ${process.versions.node} is too old, 22.19 or newer is needed.\n` +
      '  Install a current Node (https://nodejs.org), or use scripts/edge-agent in the source tree, which downloads one.\n',
  )
  process.exit(1)
}
const { runCli } = await import('./cli/run-cli.ts')
await runCli(process.argv)

export {}
