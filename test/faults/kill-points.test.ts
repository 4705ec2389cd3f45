import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkInvariants } from '../support/check-invariants.ts'
import { ANNA } from '../support/conversation.ts'
import { processesWith } from '../support/processes.ts'
import { type House, startHouse, waitFor } from '../support/start-house.ts'
import { KILL_POINTS, RECOVERY_POINTS, surviveKill } from '../support/survive-kill.ts'
import { bubblesTo, sees, settled, twoBubbles } from '../support/two-bubbles.ts'

describe.concurrent('killed in the middle of a conversation, the next life brings it to its end', () => {
  test.each(KILL_POINTS)('%s: %s', point => surviveKill([point]))
})

describe.concurrent('killed again while it takes up what the first life left', () => {
  test.each(RECOVERY_POINTS)('%s: %s', point => surviveKill(['send-after@1', point]))
})

describe.concurrent('osascript is killed before it has anything sent', () => {
  test('it told that it only looks for the chat: R is sent anew, once', () =>
    withStuckOsascript('edge-agent phase: resolve', async (house, killOsascript) => {
      killOsascript()
      await sees(house, ANNA, bubblesTo('hi'))
      await checkInvariants(house)
    }))

  test('so it told, and the agent is killed with it: R is sent anew, once', () =>
    withStuckOsascript('edge-agent phase: resolve', async (house, killOsascript) => {
      await house.killAgent()
      killOsascript()
      await house.startConnected({ EDGE_OSASCRIPT: stuckOsascript(house) })
      await sees(house, ANNA, bubblesTo('hi'))
      await checkInvariants(house)
    }))

  test('it told nothing: R is in doubt, parked and reported, and the thread goes on', () =>
    withStuckOsascript('who knows', async (house, killOsascript) => {
      killOsascript()
      await sees(house, ANNA, ['B to hi'])
      await settled(house)
      expect((await house.status()).bubbles).toEqual({ parked: 1, confirmed: 1 })
      await checkInvariants(house, { unsent: [`${ANNA}: R to hi`] })
    }))
})

/** Anna says hi, and osascript says this and no more; then `happen`. */
const withStuckOsascript = async (
  says: string,
  happen: (house: House, killOsascript: () => void) => Promise<void>,
): Promise<void> => {
  const house = await startHouse({ backend: twoBubbles })
  const path = stuckOsascript(house)
  const once = join(house.dir, 'stuck')
  writeFileSync(once, says)
  const isStuck = `[ $# -gt 1 ] && [ -e '${once}' ]` // a send, not the question of the start
  const stick = `cat '${once}' >&2; echo >&2; rm '${once}'; sleep 300; exit 1`
  writeFileSync(path, `#!/bin/sh\nif ${isStuck}; then ${stick}; fi\nexec '${house.simulator.osascriptPath}' "$@"\n`, {
    mode: 0o755,
  })
  try {
    await house.startConnected({ EDGE_OSASCRIPT: path })
    await house.simulator.receive({ from: ANNA, text: 'hi' })
    await waitFor('osascript to be stuck', () => !existsSync(once))
    await happen(house, () => {
      for (const { pid } of processesWith(path)) process.kill(-pid, 'SIGKILL')
    })
  } finally {
    await house.close()
  }
}

const stuckOsascript = ({ dir }: House): string => join(dir, 'stuck-osascript')
