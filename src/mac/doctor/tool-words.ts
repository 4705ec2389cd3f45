import type { ToolEnd } from '../macos/run-tool.ts'
import { NOT_HERE } from './check.ts'
import { quote } from './quote.ts'

/** All that a tool wrote; many write to the wrong stream. */
export const outputOf = (end: ToolEnd): string =>
  end.kind === 'not-found' ? '' : `${end.stdout}\n${end.stderr}`.trim()

export const succeeded = (end: ToolEnd): boolean => end.kind === 'exited' && end.code === 0

/** How a tool ended, for a person: with its first line. */
export const howItEnded = (tool: string, end: ToolEnd): string => {
  if (end.kind === 'not-found') return NOT_HERE
  if (end.kind === 'timed-out') return `${tool} does not finish`
  const line = outputOf(end).split('\n')[0]?.slice(0, 160)
  return `${tool} ended with ${end.code ?? 'a signal'}${line ? `: ${quote(line)}` : ''}`
}
