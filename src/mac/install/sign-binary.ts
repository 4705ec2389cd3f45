import { EdgeError } from '../../agent/core/errors.ts'
import { shellQuote } from '../../agent/core/shell-quote.ts'
import type { RunTool } from '../macos/run-tool.ts'
import type { Tell } from './tell.ts'

/**
 * Signs a binary ad hoc, without the hardened runtime and with the right to ask for Apple Events: with node's own
 * signature macOS may refuse to ask the user at all.
 */
export const signBinary = async (
  binary: string,
  entitlements: string,
  { run, tell }: { readonly run: RunTool; readonly tell: Tell },
): Promise<void> => {
  // What a browser has marked as downloaded would not be started, and codesign stumbles over other marks.
  await run('xattr', ['-c', binary])
  const end = await run('codesign', signArgs(binary, entitlements), { timeoutMs: 120_000 })
  if (end.kind === 'not-found') {
    tell({ kind: 'warning', text: 'codesign is not on this system: the binary keeps its own signature.' })
    return
  }
  if (end.kind === 'exited' && end.code === 0) return
  const why = end.kind === 'timed-out' ? 'it does not finish' : (end.stderr.trim().split('\n')[0] ?? '')
  throw new EdgeError('codesign', `the binary cannot be signed: ${why}`, {
    remedy:
      'To try it by hand, use the commands from "edge-agent install --dry-run". Or use a binary that you sign yourself: --node PATH.',
  })
}

export const signCommand = (binary: string, entitlements: string): string =>
  ['codesign', ...signArgs(binary, entitlements)].map(shellQuote).join(' ')

/** One identifier for all profiles: it is the same program. */
const signArgs = (binary: string, entitlements: string): readonly string[] => [
  '--force',
  '--sign',
  '-',
  '--identifier',
  'com.edge-agent',
  '--entitlements',
  entitlements,
  binary,
]
