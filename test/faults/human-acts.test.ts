import { test } from 'vitest'
import { liveThroughActs } from '../support/live-through-acts.ts'

test('500 human acts through 3 kills', () => liveThroughActs({ seed: 1, count: 500, kills: 3 }))

test('200 human acts through 3 kills, each one turn with forward.gather', () =>
  liveThroughActs({ seed: 3, count: 200, kills: 3, gather: true }))
