import { styleText } from 'node:util'
import type { ConfigInput } from '../config/inspect-config.ts'
import { type Check, type CheckState, GROUPS, type Group } from '../mac/doctor/check.ts'
import { type DoctorReport, runDoctor } from '../mac/doctor/run-doctor.ts'
import { runTool } from '../mac/macos/run-tool.ts'
import { endProcess } from './end-process.ts'
import { toJson } from './to-json.ts'
import { version } from './version.ts'

/** Looks, prints, and ends the process with the exit code of what was found. */
export const printDoctor = async (input: ConfigInput, { json }: { readonly json: boolean }): Promise<void> => {
  const progress = showProgress(!json)
  const report = await runDoctor({
    input,
    run: runTool,
    uid: process.getuid?.(),
    version: version(),
    onDone: progress.done,
  })
  progress.end()
  const { exit, ...answer } = report
  // A tool that hangs, a name that is being resolved: none of it keeps us.
  await endProcess(json ? `${toJson(answer, 2)}\n` : render(report), exit)
}

/** One line on a terminal, which goes away again. */
const showProgress = (wanted: boolean) => {
  const isShown = wanted && process.stderr.isTTY === true
  const left = new Set<Group>(GROUPS)
  const show = (): void => {
    // A line that wraps would not go away.
    const line = `checking ${[...left].join(', ')} …`.slice(0, (process.stderr.columns || 80) - 1)
    if (isShown && left.size > 0) process.stderr.write(`\r\u001b[K${line}`)
  }
  show()
  return {
    done: (group: Group): void => {
      left.delete(group)
      show()
    },
    end: (): void => {
      if (isShown) process.stderr.write('\r\u001b[K')
    },
  }
}

const render = ({ checks, summary, ok }: DoctorReport): string => {
  const groups = GROUPS.map(group => checks.filter(check => check.group === group)).filter(({ length }) => length > 0)
  const counts = [
    `${summary.ok} ok`,
    ...(summary.warning > 0 ? [summary.warning === 1 ? '1 warning' : `${summary.warning} warnings`] : []),
    ...(summary.failed > 0 ? [`${summary.failed} failed`] : []),
    ...(summary.skipped > 0 ? [`${summary.skipped} skipped`] : []),
  ]
  const verdict = ok ? (summary.warning > 0 ? 'Nothing failed.' : 'All is well.') : 'There are problems.'
  return [...groups.flatMap(renderGroup), `${verdict} ${counts.join(', ')}`, ''].join('\n')
}

const renderGroup = (checks: readonly Check[]): readonly string[] => [
  paint('bold', checks[0]?.group ?? ''),
  ...checks.flatMap(({ state, code, seen, cure }) => [
    `  ${mark(state)} ${paint('dim', code)}  ${seen}`,
    ...(cure === undefined || state === 'ok' ? [] : [`      → ${cure}`]),
  ]),
  '',
]

/** With a word where it is not colour that tells them apart: for a screen reader, a file, or by NO_COLOR. */
const mark = (state: CheckState): string => {
  const { sign, word, colour } = MARKS[state]
  const painted = paint(colour, sign)
  return painted === sign ? `${sign} ${word.padEnd(7)}` : painted
}

const MARKS = {
  ok: { sign: '✓', word: 'ok', colour: 'green' },
  warning: { sign: '!', word: 'warning', colour: 'yellow' },
  failed: { sign: '✗', word: 'FAILED', colour: 'red' },
  skipped: { sign: '–', word: 'skipped', colour: 'dim' },
} as const

/** Follows NO_COLOR and whether it is a terminal. */
const paint = (format: Parameters<typeof styleText>[0], text: string): string =>
  styleText(format, text, { stream: process.stdout })
