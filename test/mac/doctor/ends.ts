import type { ToolEnd } from '../../../src/mac/macos/run-tool.ts'

export const said = (stdout: string): ToolEnd => ({ kind: 'exited', code: 0, stdout, stderr: '' })
export const ended = (code: number | undefined, stderr = ''): ToolEnd => ({ kind: 'exited', code, stdout: '', stderr })
export const HANGS: ToolEnd = { kind: 'timed-out', stdout: '', stderr: '' }
export const MISSING: ToolEnd = { kind: 'not-found' }
