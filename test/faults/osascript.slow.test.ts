import { describe, expect, test } from 'vitest'
import type { OsascriptMode } from '../../src/lab/messages-simulator/osascript-modes.ts'
import { ANNA } from '../support/conversation.ts'
import { type House, startHouse, waitFor } from '../support/start-house.ts'
import { bubblesTo, sees, settled, twoBubbles } from '../support/two-bubbles.ts'

const LONG_MS = 300_000

/** Anna says hi, while osascript goes like this for the first bubble that it gets: `times` for all of them. */
const withMode = async (
  mode: OsascriptMode,
  check: (house: House) => Promise<void>,
  { env = {}, times = 1 }: { readonly env?: Record<string, string>; readonly times?: number } = {},
) => {
  const house = await startHouse({ backend: twoBubbles, env })
  try {
    house.simulator.setOsascriptMode(mode, { times })
    await house.startAgent()
    await house.connected()
    await house.simulator.receive({ from: ANNA, text: 'hi' })
    await check(house)
  } finally {
    await house.close()
  }
}
const until = (house: House, what: string, condition: (status: Awaited<ReturnType<House['status']>>) => boolean) =>
  waitFor(what, async () => condition(await house.status()), LONG_MS)

describe.concurrent('what takes its time', () => {
  test.each([20_000, 60_000])(
    'a row after %i ms: no double',
    ms =>
      withMode({ mode: 'row-late', ms }, async house => {
        await sees(house, ANNA, bubblesTo('hi'))
        await until(house, 'the late row', ({ bubbles }) => bubbles.confirmed === 2)
        await settled(house)
        expect(house.seen(ANNA)).toEqual(bubblesTo('hi'))
      }),
    LONG_MS,
  )

  test.each<[OsascriptMode['mode'], OsascriptMode, readonly string[]]>([
    ['no-row', { mode: 'no-row' }, bubblesTo('hi')],
    ['ghost-row', { mode: 'ghost-row' }, ['B to hi']],
  ])(
    'exit 0 and %s: parked and reported, never confirmed, never sent again',
    (_, mode, seen) =>
      withMode(mode, async house => {
        await until(house, 'R to be given up', ({ bubbles }) => bubbles.parked === 1)
        await settled(house)
        expect(house.seen(ANNA)).toEqual(seen)
        const { bubbles, commands } = await house.status()
        expect({ bubbles, commands }).toEqual({ bubbles: { parked: 1, confirmed: 1 }, commands: { failed: 1 } })
      }),
    LONG_MS,
  )

  test(
    'sent after it was given up: not sent again, and its row tells that it came after all',
    () =>
      withMode(
        { mode: 'hang-then-send-late', ms: 20_000 },
        async house => {
          await until(house, 'R to be given up', ({ bubbles }) => bubbles.parked === 1)
          await until(house, 'the late row', ({ bubbles }) => bubbles.confirmed === 2)
          expect(house.seen(ANNA)).toEqual(['B to hi', 'R to hi'])
        },
        { env: { EDGE_SEND_TIMEOUT: '6s', EDGE_SEND_SETTLE: '1s' } },
      ),
    LONG_MS,
  )

  test(
    '-1743 goes on by itself when it is allowed again',
    () =>
      withMode({ mode: 'fail-before', number: -1743 }, async house => {
        await until(house, 'the alarm', ({ problems }) => problems.some(({ code }) => code === 'automation_denied'))
        await sees(house, ANNA, bubblesTo('hi'))
        await until(house, 'the end of the alarm', ({ problems }) => problems.length === 0)
      }),
    LONG_MS,
  )
})
