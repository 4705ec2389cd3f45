import { test } from 'vitest'
import { liveThroughActs } from '../support/live-through-acts.ts'

test('10,000 human acts through 20 kills', () => liveThroughActs({ seed: 2, count: 10_000, kills: 20 }), 1_800_000)
