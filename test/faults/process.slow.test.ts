import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { checkInvariants } from '../support/check-invariants.ts'
import { ANNA } from '../support/conversation.ts'
import { startHouse } from '../support/start-house.ts'
import { bubblesTo, sees, twoBubbles } from '../support/two-bubbles.ts'

test('frozen for 60 s in the middle of a conversation, then continued: no alarm, nothing lost, nothing double', async () => {
  const house = await startHouse({ backend: { ...twoBubbles, thinkMs: 5_000 } })
  try {
    await house.startConnected()
    await house.simulator.receive({ from: ANNA, text: 'before' })
    await sees(house, ANNA, ['R to before'])
    house.signalAgent('SIGSTOP')
    await house.simulator.receive({ from: ANNA, text: 'meanwhile' })
    await sleep(60_000)
    house.signalAgent('SIGCONT')
    await sees(house, ANNA, bubblesTo('before', 'meanwhile'))
    expect((await house.status()).problems).toEqual([])
    await checkInvariants(house, { unheard: 'any' })
  } finally {
    await house.close()
  }
}, 300_000)
