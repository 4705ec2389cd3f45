import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { styleText } from 'node:util'
import { EdgeError, EXIT } from '../agent/core/errors.ts'
import { playDemo } from '../lab/demo/play-demo.ts'
import { removeFolder } from '../lab/demo/remove-folder.ts'
import { type Paint, renderEvent, renderOpening, renderReport } from '../lab/demo/render.ts'

/**
 * Plays the demo in a folder of its own and prints it as it happens. Exit code 1 where the verdict is bad.
 *
 * @throws EdgeError `cancelled` (exit 2) on Ctrl-C, SIGTERM or SIGHUP; `demo_process`
 */
export const printDemo = async ({ json, keep }: { readonly json: boolean; readonly keep: boolean }): Promise<void> => {
  const print = (text: string): void => {
    if (!json) process.stdout.write(text)
  }
  const stop = new AbortController()
  const cancel = (): void => {
    if (!stop.signal.aborted) print('\nstopping everything …\n')
    stop.abort(
      new EdgeError('cancelled', 'the demo was stopped, and all its processes have ended', { exit: EXIT.cancelled }),
    )
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, cancel)
  // Follows NO_COLOR and whether it is a terminal.
  const paint: Paint = (format, text) => styleText(format, text, { stream: process.stdout })
  const dir = mkdtempSync(join(tmpdir(), 'edge-agent-demo-'))
  try {
    print(renderOpening(paint))
    const report = await playDemo({ dir, signal: stop.signal, tell: event => print(renderEvent(event, paint)) })
    print(renderReport(report, paint))
    if (json) process.stdout.write(`${JSON.stringify({ ...report, ...(keep && { folder: dir }) }, null, 2)}\n`)
    if (!report.verdict.ok) process.exitCode = EXIT.failure
  } finally {
    if (keep) (json ? process.stderr : process.stdout).write(`\nfiles kept in ${dir}\n`)
    else await removeFolder(dir)
  }
}
