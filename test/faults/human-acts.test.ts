import { test } from 'vitest'
import { liveThroughActs } from '../support/live-through-acts.ts'

test('500 human acts through 3 kills', () => liveThroughActs({ seed: 1, count: 500, kills: 3 }))
