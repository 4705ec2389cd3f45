import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { checkInvariants } from '../support/check-invariants.ts'
import { ANNA } from '../support/conversation.ts'
import { writePlainOsascript } from '../support/plain-osascript.ts'
import { processesWith, stopped } from '../support/processes.ts'
import { CAN_LIMIT, fillDisk } from '../support/set-limits.ts'
import { CAN_MOUNT, mountSmallDisk } from '../support/small-disk.ts'
import { type House, startHouse, waitFor } from '../support/start-house.ts'
import { bubblesTo, sees, settled, twoBubbles } from '../support/two-bubbles.ts'

let house: House
afterEach(() => house?.close())

const unwritable = () =>
  waitFor('the problem to be told', async () =>
    (await house.status()).problems.some(({ code }) => code === 'state_unwritable'),
  )
/** Nothing lost, nothing double, nothing in doubt, no alarm left. */
const ends = async (text: string) => {
  await sees(house, ANNA, bubblesTo(text))
  await settled(house)
  const { bubbles, problems } = await house.status()
  expect({ bubbles, problems }).toEqual({ bubbles: { confirmed: 2 }, problems: [] })
  await checkInvariants(house, { unheard: 'any' })
}

describe.runIf(CAN_LIMIT)('the disk is full, or read-only', () => {
  test('before a message comes: nothing is POSTed, and it is answered when there is room', async () => {
    house = await startHouse({ backend: twoBubbles })
    await house.startAgent()
    await house.connected()
    const freeDisk = fillDisk(house.agentPid)
    await house.simulator.receive({ from: ANNA, text: 'hi' })
    await unwritable()
    expect(house.backend.received).toEqual([])
    freeDisk()
    await ends('hi')
  })

  /** At each commit of a conversation the agent stands still for a moment, and goes on with a full disk. */
  test.each([
    ['receive-before@3', 'a row'],
    ['answer-before@3', 'the POST'],
    ['post-after@1', 'the answer'],
    ['command-before@1', 'R and the intent to send it'],
    ['spawn-before@1', 'the outcome of R, whose osascript is out'],
    ['send-after@1', 'the outcome of R'],
    ['confirm-before@1', 'the row of R'],
    ['ack-before@1', 'the ack'],
    ['deliver-before@3', 'the intent to send B, or the outcome of R'],
    ['send-after@2', 'the outcome of B'],
  ])('at %s: %s cannot be stored', async point => {
    await startPaused(point)
    const freeDisk = fillDisk(house.agentPid)
    house.signalAgent('SIGCONT')
    await waitFor('a write to fail', () => house.log.includes('cannot be written'))
    freeDisk()
    await ends('hi')
  })

  test('an intent that cannot be stored is not acted on', async () => {
    await startPaused('command-before@1')
    const freeDisk = fillDisk(house.agentPid)
    house.signalAgent('SIGCONT')
    await unwritable()
    await waitFor('another try', () => house.log.split('handler_failed').length > 2)
    expect(house.seen(ANNA)).toEqual([])
    freeDisk()
    await ends('hi')
  })

  test('what an earlier life left cannot be stored', async () => {
    house = await startHouse({ backend: twoBubbles })
    await house.startConnected({ EDGE_FAILPOINT: 'send-after@1:kill' })
    await house.simulator.receive({ from: ANNA, text: 'hi' })
    await house.agentEnd()
    house.spawnAgent({ EDGE_FAILPOINT: 'deliver-before@2:pause' })
    await stopped(house.agentPid)
    const freeDisk = fillDisk(house.agentPid)
    house.signalAgent('SIGCONT')
    await waitFor('a write to fail', () => house.log.includes('cannot be written'))
    freeDisk()
    await ends('hi')
  })
})

test.runIf(CAN_MOUNT)('a send whose evidence has no room is not made, even if the agent is killed then', async () => {
  house = await startHouse({ backend: twoBubbles })
  const disk = mountSmallDisk(house.stateDir)
  try {
    const env = { EDGE_OSASCRIPT: writePlainOsascript(house.dir) } // it writes nothing that a full disk could stop
    await house.startConnected({ ...env, EDGE_FAILPOINT: 'send-before@1:pause' })
    await house.simulator.receive({ from: ANNA, text: 'hi' })
    await stopped(house.agentPid)
    disk.fill()
    house.signalAgent('SIGCONT')
    const attempts = () => readdirSync(join(house.stateDir, 'attempts')).map(file => file.replace('.log', ''))
    await waitFor('the attempt to end', () => attempts().some(attempt => processesWith(attempt).length === 0))
    await house.killAgent()
    disk.free()
    await house.startAgent(env)
    await ends('hi')
  } finally {
    disk.unmount()
  }
})

test('started anew after a kill -9: the lock is free; a second one beside it ends with 75 and changes nothing', async () => {
  house = await startHouse({ backend: twoBubbles })
  await house.startConnected()
  await house.killAgent()
  await house.startConnected()
  const first = house.agentPid
  const second = house.spawnAgent()
  const [code] = await once(second, 'exit')
  expect(code).toBe(75)
  expect(house.log).toContain('another edge-agent runs')
  expect((await house.status()).agent.pid).toBe(first)
  await house.simulator.receive({ from: ANNA, text: 'hi' })
  await sees(house, ANNA, bubblesTo('hi'))
  process.kill(first, 'SIGKILL')
})

/** Anna says hi, and the agent stands still at this point of what follows. */
const startPaused = async (point: string) => {
  house = await startHouse({ backend: twoBubbles })
  await house.startConnected({ EDGE_FAILPOINT: `${point}:pause` })
  await house.simulator.receive({ from: ANNA, text: 'hi' })
  await stopped(house.agentPid)
}
