import { type Summary, summarize } from '../bench/statistics.ts'
import type { JournalEntry } from './journal.ts'
import type { Life } from './start-world.ts'

/** Milliseconds from the start of a life after a kill -9 to what came first of it; lives that were too short have none. */
export const measureRecovery = (
  lives: readonly Life[],
  journal: readonly JournalEntry[],
  type: 'connected' | 'posted',
): Summary | undefined => {
  const times = journal.filter(entry => entry.type === type).map(({ at }) => at)
  const samples = lives.flatMap(({ startedMs, after }, index) => {
    const endMs = lives[index + 1]?.startedMs ?? Number.POSITIVE_INFINITY
    const first = times.find(at => at >= startedMs && at < endMs)
    return first === undefined || after !== 'kill' ? [] : [first - startedMs]
  })
  return samples.length === 0 ? undefined : summarize(samples)
}
