import { expect, test } from 'vitest'
import { EdgeError } from '../../../src/agent/core/errors.ts'
import { createLook } from '../../../src/agent/flows/look-at-chat-db.ts'
import type { Received } from '../../../src/agent/flows/receive-batch.ts'

const NOTHING: Received = { queued: 0, pending: 0, more: false }

const start = (receive: () => Received = () => NOTHING) => {
  const calls: string[] = []
  const db = { version: 1, dataVersion: () => db.version }
  const world = { db: db as typeof db | undefined, now: 1_000_000 }
  const looking = createLook({
    chatDb: () => world.db,
    receive: (_, { attended }) => {
      calls.push(attended ? 'receive' : 'receive after a while')
      return receive()
    },
    followEdits: (_, { isFirst }) => calls.push(isFirst ? 'all edits' : 'edits'),
    onLooked: () => calls.push('wake'),
    onError: ({ code }) => calls.push(code),
    now: () => world.now,
  })
  const look = () => {
    calls.length = 0
    const found = world.db && looking.look(world.db)
    return [found?.again, ...calls]
  }
  const lookIfChanged = () => {
    calls.length = 0
    looking.lookIfChanged()
    return [...calls]
  }
  return { db, world, look, lookIfChanged }
}

test('each change of chat.db is read once, whoever looks first', () => {
  const { db, look, lookIfChanged } = start()
  expect(look()).toEqual(['at a change', 'receive after a while', 'all edits', 'wake'])
  expect([look(), lookIfChanged()]).toEqual([[undefined], []])
  db.version = 2
  expect(lookIfChanged()).toEqual(['receive', 'edits', 'wake'])
  expect(look()).toEqual([undefined])
})

test('rows that are still being written are looked at again though nothing changes; edits are not', () => {
  const results = [{ ...NOTHING, pending: 1 }, NOTHING]
  const { look, lookIfChanged } = start(() => results.shift() ?? NOTHING)
  expect(look().at(0)).toBe('soon')
  expect(lookIfChanged()).toEqual([])
  expect(look()).toEqual(['at a change', 'receive', 'wake'])
  expect(look()).toEqual([undefined])
})

test('another connection is read from the start, edits of all that nobody saw included', () => {
  const { world, look } = start()
  look()
  world.db = { version: 1, dataVersion: () => 1 }
  expect(look()).toEqual(['at a change', 'receive', 'all edits', 'wake'])
})

test('after a sleep, or where the clock was set, nobody has looked for a while', () => {
  const { db, world, look } = start()
  look()
  db.version = 2
  world.now -= 3_600_000
  expect(look()).toEqual(['at a change', 'receive after a while', 'edits', 'wake'])
})

test('what the store cannot take is read again soon, edits included', () => {
  let isFull = true
  const { look } = start(() => {
    if (isFull) throw new EdgeError('state_unwritable', 'full')
    return NOTHING
  })
  expect(look()).toEqual(['soon', 'receive after a while', 'state_unwritable', 'wake'])
  expect(look()).toEqual(['soon', 'receive', 'state_unwritable', 'wake'])
  isFull = false
  expect(look()).toEqual(['at a change', 'receive', 'all edits', 'wake'])
})

test('where chat.db cannot be read, that is told to whoever follows it, and read again when it can be', () => {
  let isLocked = true
  const { db, world, look, lookIfChanged } = start(() => {
    if (isLocked) throw new Error('SQLITE_BUSY')
    return NOTHING
  })
  expect(lookIfChanged()).toEqual(['receive after a while'])
  expect(look).toThrow('SQLITE_BUSY')
  isLocked = false
  expect(look()).toEqual(['at a change', 'receive', 'all edits', 'wake'])
  world.db = undefined
  db.version = 2
  expect(lookIfChanged()).toEqual([])
})
