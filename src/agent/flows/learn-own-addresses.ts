import type { Store } from '../store/open-store.ts'
import type { AddressSource } from '../store/own-addresses.ts'

export type OwnAddresses = ReturnType<typeof createOwnAddresses>

/**
 * Who "me" is: the one place that knows, and that is asked. What settings and chat.db tell is learned and kept, as chat.db may
 * not be readable when it is needed; an answer takes no look at it.
 */
export const createOwnAddresses = ({
  table,
  given,
  normalise,
  now,
}: {
  readonly table: Pick<Store['ownAddresses'], 'list' | 'add'>
  /** By the owner, in the settings. */
  readonly given: readonly string[]
  /** One form for all ways in which an address is written. */
  readonly normalise: (address: string) => string
  /** Wall clock, Unix milliseconds. */
  readonly now: () => number
}) => {
  const known = new Set([...given, ...table.list()].map(normalise))
  /** Of the latest, how often what we sent there came back. */
  const returns = new Map<string, number>()

  /** Writes where there is something new: in the caller's transaction, where it has one. */
  const learn = (addresses: readonly string[], source: AddressSource = 'chat_db'): void => {
    for (const address of addresses.map(normalise)) {
      if (address === '' || known.has(address)) continue
      table.add(address, now(), source)
      known.add(address)
      if (known.size > MAX_KNOWN) return // no owner has so many: chat.db says something else than we think
    }
  }

  return {
    has: (address: string): boolean => known.has(normalise(address)),
    learn,
    list: (): readonly string[] => [...known],
    /** What we sent came back from there sooner than a person writes; once may be chance. */
    cameBack: (address: string): void => {
      const times = (returns.get(address) ?? 0) + 1
      returns.delete(address)
      if (times >= RETURNS_THAT_TELL) learn([address], 'came_back')
      else returns.set(address, times)
      const [oldest] = returns.keys()
      if (returns.size > MAX_KNOWN && oldest !== undefined) returns.delete(oldest)
    },
  }
}

const RETURNS_THAT_TELL = 2
const MAX_KNOWN = 200
