import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { expect } from 'vitest'
import { openChatDbWriter } from '../../src/lab/messages-simulator/chat-db-writer.ts'
import { ANNA } from './conversation.ts'
import { startHouse, waitFor } from './start-house.ts'
import { bubblesTo, sees, settled, twoBubbles } from './two-bubbles.ts'

/**
 * The agent starts while another program keeps chat.db to itself, for `holdMs` longer than the agent takes to say so.
 * (Beside an open reader nobody can lock a database in WAL mode; so this is how it meets a lock.)
 */
export const lockOut = async ({ holdMs }: { readonly holdMs: number }): Promise<void> => {
  const house = await startHouse({ backend: twoBubbles })
  try {
    await house.startAgent()
    await house.connected()
    await house.simulator.receive({ from: ANNA, text: 'before' })
    await sees(house, ANNA, bubblesTo('before'))
    await settled(house)
    await house.stopAgent()
    await house.simulator.receive({ from: ANNA, text: 'meanwhile' })
    house.simulator.close()

    const other = new Database(house.simulator.chatDbPath)
    other.pragma('locking_mode = EXCLUSIVE')
    other.exec('BEGIN EXCLUSIVE')
    await house.startAgent()
    await waitFor('the lock to be noticed', async () =>
      (await house.status()).problems.some(({ code }) => code === 'chat_db_busy'),
    )
    await sleep(holdMs)
    expect(house.seen(ANNA)).toEqual(bubblesTo('before'))
    other.exec('COMMIT')
    other.close()

    await sees(house, ANNA, bubblesTo('before', 'meanwhile'))
    const writer = openChatDbWriter(house.simulator.chatDbPath)
    await writer.writeIncoming({ from: ANNA, chat: `any;-;${ANNA}`, text: 'after' })
    writer.close()
    await sees(house, ANNA, bubblesTo('before', 'meanwhile', 'after'))
    expect(house.log.match(/"level":"warn".*"code":"chat_db_busy"/g)).toHaveLength(1)
  } finally {
    await house.close()
  }
}
