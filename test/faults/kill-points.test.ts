import { describe, test } from 'vitest'
import { KILL_POINTS, RECOVERY_POINTS, surviveKill } from '../support/survive-kill.ts'

describe.concurrent('killed in the middle of a conversation, the next life brings it to its end', () => {
  test.each(KILL_POINTS)('%s: %s', point => surviveKill([point]))
})

describe.concurrent('killed again while it takes up what the first life left', () => {
  test.each(RECOVERY_POINTS)('%s: %s', point => surviveKill(['send-after@1', point]))
})
