import { EdgeError } from '../core/errors.ts'
import { onceSoon, type Timers } from '../core/timers.ts'

type Transaction = <T>(work: () => T) => T

/**
 * What comes in one turn shares a commit: to wait for the disk once is as good as to wait for it often. What is returned
 * resolves once the work is on the disk, and rejects where it threw or nothing could be stored. Where one throws, `nested`
 * takes back what that one did.
 */
export const createSharedCommit = ({
  transaction,
  nested,
  timers,
}: {
  readonly transaction: Transaction
  readonly nested: Transaction
  readonly timers: Pick<Timers, 'soon'>
}): (<T>(work: () => T) => Promise<T>) => {
  let waiting: { readonly run: () => () => void; readonly fail: (error: unknown) => void }[] = []

  const commit = onceSoon(() => {
    const works = waiting
    waiting = []
    try {
      const ends = transaction(() => works.map(({ run }) => run()))
      for (const end of ends) end()
    } catch (error) {
      for (const { fail } of works) fail(error)
    }
  }, timers)

  return work =>
    new Promise((resolve, reject) => {
      const run = (): (() => void) => {
        try {
          const value = nested(work)
          return () => resolve(value)
        } catch (error) {
          if (error instanceof EdgeError) throw error // the store's: it concerns all
          return () => reject(error)
        }
      }
      waiting.push({ run, fail: reject })
      commit()
    })
}
