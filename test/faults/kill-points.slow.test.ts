import { describe, test } from 'vitest'
import { writePlainOsascript } from '../support/plain-osascript.ts'
import { KILL_POINTS, RECOVERY_POINTS, surviveKill } from '../support/survive-kill.ts'

describe.concurrent('killed in the middle of a conversation with a backend that knows only correlation.md', () => {
  test.each(KILL_POINTS)('%s: %s', point => surviveKill([point], { backend: { dialect: 'correlation' } }))
})

describe.concurrent('killed while a stranger sends, that does not say how far it got: its row decides', () => {
  const osascript = (dir: string) => writePlainOsascript(dir)
  test.each(KILL_POINTS)('%s: %s', point => surviveKill([point], { osascript }))
  test.each(RECOVERY_POINTS)('again at %s: %s', point => surviveKill(['send-after@1', point], { osascript }))
})

/** One life's last point, and the next one's. */
const TWICE = [
  ['receive-before@2', 'receive-before@1'],
  ['receive-after@2', 'answer-before@3'],
  ['receive-after@2', 'answer-after@3'],
  ['post-before@1', 'post-before@1'],
  ['post-after@1', 'post-after@1'],
  ['answer-before@3', 'answer-before@4'],
  ['command-after@1', 'deliver-before@3'],
  ['command-after@1', 'deliver-after@3'],
  ['command-after@1', 'spawn-after@1'],
  ['command-after@1', 'send-after@1'],
  ['send-after@1', 'confirm-before@1'],
  ['send-after@1', 'confirm-after@1'],
] as const

describe.concurrent('killed twice in one conversation', () => {
  test.each(TWICE)('at %s and at %s', (first, second) => surviveKill([first, second]))
})
