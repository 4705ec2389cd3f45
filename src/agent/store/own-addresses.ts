import type { Database } from 'better-sqlite3'

/** How it is known that an address is the owner's: chat.db says so, or what we sent there came back at once. */
export type AddressSource = 'chat_db' | 'came_back'

export const createOwnAddressTable = (db: Database) => {
  const all = db.prepare<[], string>('SELECT address FROM own_addresses ORDER BY since_ms, address').pluck()
  const add = db.prepare<[string, number, AddressSource]>('INSERT OR IGNORE INTO own_addresses VALUES (?, ?, ?)')
  return {
    list: (): string[] => all.all(),
    add: (address: string, nowMs: number, source: AddressSource): void => {
      add.run(address, nowMs, source)
    },
  }
}
