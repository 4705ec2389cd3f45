import { test } from 'vitest'
import { lockOut } from '../support/lock-out.ts'

test('locked for 30 s: said once, nothing lost', () => lockOut({ holdMs: 30_000 }), 180_000)
