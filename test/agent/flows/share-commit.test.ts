import { expect, test } from 'vitest'
import { EdgeError } from '../../../src/agent/core/errors.ts'
import { createSharedCommit } from '../../../src/agent/flows/share-commit.ts'

/** A store that keeps a list: what is in the outer transaction counts only once that has ended well. */
const createList = () => {
  let kept: string[] = []
  let open: string[] | undefined
  let commits = 0
  const transaction = <T>(work: () => T): T => {
    const isOuter = open === undefined
    const before = [...(open ?? kept)]
    open = [...before]
    try {
      const result = work()
      if (isOuter) {
        kept = open
        commits += 1
      }
      return result
    } catch (error) {
      open = before
      throw error
    } finally {
      if (isOuter) open = undefined
    }
  }
  return {
    share: createSharedCommit({ transaction, nested: transaction, timers: { soon: run => void setImmediate(run) } }),
    add: (what: string) => open?.push(what),
    seen: () => ({ kept, commits }),
  }
}

test('what comes in one turn is one commit, in order', async () => {
  const { share, add, seen } = createList()
  const works = ['a', 'b', 'c'].map(what =>
    share(() => {
      add(what)
      return what
    }),
  )
  expect(seen()).toEqual({ kept: [], commits: 0 })
  expect(await Promise.all(works)).toEqual(['a', 'b', 'c'])
  expect(seen()).toEqual({ kept: ['a', 'b', 'c'], commits: 1 })
})

test('a work that throws takes back what it did, and nothing else', async () => {
  const { share, add, seen } = createList()
  const first = share(() => add('a'))
  const second = share(() => {
    add('b')
    throw new Error('of its own')
  })
  const third = share(() => add('c'))
  await expect(second).rejects.toThrow('of its own')
  await Promise.all([first, third])
  expect(seen()).toEqual({ kept: ['a', 'c'], commits: 1 })
})

test('where nothing can be stored, nobody is told that it was', async () => {
  const { share, add, seen } = createList()
  const first = share(() => add('a'))
  const second = share(() => {
    throw new EdgeError('state_unwritable', 'the disk is full')
  })
  await expect(first).rejects.toThrow('the disk is full')
  await expect(second).rejects.toThrow('the disk is full')
  expect(seen()).toEqual({ kept: [], commits: 0 })
})
