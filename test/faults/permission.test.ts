import { chmodSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { askAgent } from '../../src/agent/control/ask-agent.ts'
import { controlSocketPath } from '../../src/agent/control/socket-path.ts'
import { checkInvariants } from '../support/check-invariants.ts'
import { ANNA } from '../support/conversation.ts'
import { type House, startHouse, waitFor } from '../support/start-house.ts'
import { startHouseWithLibrary } from '../support/start-house-with-library.ts'
import { bubblesTo, sees, settled, twoBubbles } from '../support/two-bubbles.ts'

let house: House
afterEach(() => house?.close())

const say = (text: string) => house.simulator.receive({ from: ANNA, text })
const problem = (code: string) =>
  waitFor(`the problem ${code}`, async () => (await house.status()).problems.some(each => each.code === code))
const codes = async () => (await house.status()).problems.map(({ code }) => code)
const probe = (name: 'automation' | 'chat-db') => askAgent(controlSocketPath(house.stateDir), `probe-${name}`)
const posted = () => house.backend.received.map(({ filtered_text }) => filtered_text)

/** A folder on the way to chat.db that the agent may not look into, until it is opened. */
const startForbidden = async () => {
  const { library, env, ...started } = await startHouseWithLibrary()
  house = started.house
  chmodSync(library, 0)
  await say('history')
  await house.startConnected(env)
  return { env, allow: () => chmodSync(library, 0o700) }
}

describe('Full Disk Access is missing at the very first start', () => {
  test('it stays, says which binary needs it, and answers what came since that start when it is given', async () => {
    const { allow } = await startForbidden()
    await problem('chat_db_forbidden')
    const { permissions, problems } = await house.status()
    expect(permissions.fullDiskAccess).toBe('missing')
    expect(problems[0]?.remedy).toContain(process.execPath)
    expect(await probe('chat-db')).toMatchObject({ readable: false, problem: { code: 'chat_db_forbidden' } })
    await say('meanwhile')
    allow()
    await sees(house, ANNA, bubblesTo('meanwhile'))
    await say('after')
    await sees(house, ANNA, bubblesTo('meanwhile', 'after'))
    await settled(house)
    expect(posted()).toEqual(['meanwhile', 'after'])
    expect((await house.status()).permissions).toEqual({ fullDiskAccess: 'granted', automation: 'granted' })
    expect(await codes()).toEqual([])
    await checkInvariants(house)
  })

  test('killed and started anew meanwhile: the first of these starts counts', async () => {
    const { env, allow } = await startForbidden()
    await problem('chat_db_forbidden')
    await say('meanwhile')
    await house.killAgent()
    allow()
    await house.startConnected(env)
    await sees(house, ANNA, bubblesTo('meanwhile'))
    await settled(house)
    expect(posted()).toEqual(['meanwhile'])
  })
})

test('Messages was never set up: it waits for chat.db, and answers all that comes in it', async () => {
  house = await startHouse({ backend: twoBubbles })
  const link = join(house.dir, 'later.db')
  await house.startConnected({ EDGE_CHAT_DB: link })
  await problem('chat_db_missing')
  await say('first')
  symlinkSync(house.simulator.chatDbPath, link)
  await sees(house, ANNA, bubblesTo('first'))
  expect(await codes()).toEqual([])
})

describe('Automation', () => {
  test('denied from the start: nothing is tried, all is kept, and it goes on by itself', async () => {
    house = await startHouse({ backend: twoBubbles })
    house.simulator.setOsascriptMode({ mode: 'fail-before', number: -1743, message: 'Nicht erlaubt' })
    await house.startConnected()
    await problem('automation_denied')
    expect((await house.status()).permissions.automation).toBe('missing')
    expect((await house.status()).problems[0]?.remedy).toContain(process.execPath)
    await say('hi')
    await waitFor('the answer', async () => (await house.status()).messages.answered === 1)
    expect((await house.status()).bubbles).toEqual({ planned: 2 })
    house.simulator.setOsascriptMode({ mode: 'ok' })
    await probe('automation') // in place of the next half minute's
    await sees(house, ANNA, bubblesTo('hi'))
    expect(await codes()).toEqual([])
    expect(house.log).not.toContain('bubble not sent')
  })

  test('a prompt that waits at the screen: said, and no send is wasted on it', async () => {
    house = await startHouse({ backend: twoBubbles })
    house.simulator.setOsascriptMode({ mode: 'fail-before', number: -1712 })
    await house.startConnected()
    await problem('automation_unanswered')
    await say('hi')
    await waitFor('the answer', async () => (await house.status()).messages.answered === 1)
    expect((await house.status()).bubbles).toEqual({ planned: 2 })
    house.simulator.setOsascriptMode({ mode: 'ok' })
    await probe('automation')
    await sees(house, ANNA, bubblesTo('hi'))
    expect(await codes()).toEqual([])
  })

  test('where there is no osascript, nobody knows, and that is no problem', async () => {
    house = await startHouse()
    await house.startAgent({ EDGE_OSASCRIPT: join(house.dir, 'none') })
    expect(await probe('automation')).toMatchObject({ state: 'unclear' })
    expect((await house.status()).permissions.automation).toBe('unknown')
    expect(await codes()).toEqual([])
  })
})

test('under launchd an agent waits for another one on its state, in place of ending over and over', async () => {
  house = await startHouse({ backend: twoBubbles })
  await house.startConnected()
  const first = house.agentPid
  const second = house.spawnAgent({ XPC_SERVICE_NAME: 'com.edge-agent' })
  await waitFor('it to say so', () => house.log.includes('waiting for it to end'))
  expect(second.exitCode).toBeNull()
  process.kill(first, 'SIGTERM')
  await waitFor('it to take over', async () => (await house.status()).agent.pid === second.pid)
})
