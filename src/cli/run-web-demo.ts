import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { styleText } from 'node:util'
import { EdgeError, EXIT } from '../agent/core/errors.ts'
import { playWeb } from '../lab/demo/play-web.ts'
import { removeFolder } from '../lab/demo/remove-folder.ts'
import { findTool } from '../mac/macos/run-tool.ts'

/**
 * The demo in the browser, in a folder of its own, until Ctrl-C, SIGTERM or SIGHUP; that is a good end, exit code 0.
 *
 * @throws EdgeError `usage`, `port-in-use`, `demo_process`
 */
export const runWebDemo = async ({
  json,
  keep,
  port,
  open,
}: {
  readonly json: boolean
  readonly keep: boolean
  readonly port: string
  readonly open: boolean
}): Promise<void> => {
  const portNumber = parsePort(port)
  const print = (text: string): void => {
    if (!json) process.stdout.write(`${text}\n`)
  }
  const stop = new AbortController()
  const cancel = (): void => {
    if (!stop.signal.aborted) print('\nstopping everything …')
    stop.abort()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, cancel)
  const dir = mkdtempSync(join(tmpdir(), 'edge-agent-demo-'))
  try {
    print('starting the Messages simulator, the mock backend and the agent …')
    await playWeb({
      dir,
      port: portNumber,
      signal: stop.signal,
      onReady: url => {
        if (json) process.stdout.write(`${JSON.stringify({ url })}\n`)
        const bold = styleText('bold', url, { stream: process.stdout })
        print(`\n  ${bold}\n\nEverything is simulated; your Messages are never touched. Ctrl-C ends it.`)
        if (open && !json && process.stdout.isTTY) openBrowser(url)
      },
    })
  } finally {
    if (keep) (json ? process.stderr : process.stdout).write(`\nfiles kept in ${dir}\n`)
    else await removeFolder(dir)
  }
}

const parsePort = (text: string): number => {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new EdgeError('usage', `--port ${text} is not a valid port`, {
    remedy: 'Ports go from 0 to 65535.',
    exit: EXIT.usage,
  })
}

/** The address is printed all the same: a browser that does not come costs nothing. */
const openBrowser = (url: string): void => {
  const tool = findTool('open') ?? findTool('xdg-open')
  if (tool === undefined) return
  spawn(tool, [url], { detached: true, stdio: 'ignore' })
    .on('error', () => {})
    .unref()
}
