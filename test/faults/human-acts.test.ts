import { test } from 'vitest'
import { liveThroughActs } from '../support/live-through-acts.ts'

test('500 human acts through 3 kills', () => liveThroughActs({ seed: 1, count: 500, kills: 3 }))

test('60 human acts through 2 kills, each one turn with forward.gather', () =>
  liveThroughActs({ seed: 3, count: 60, kills: 2, gather: true }))
