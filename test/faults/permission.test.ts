import { chmodSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { askAgent } from '../../src/agent/control/ask-agent.ts'
import { controlSocketPath } from '../../src/agent/control/socket-path.ts'
import { checkInvariants } from '../support/check-invariants.ts'
import { ANNA } from '../support/conversation.ts'
import { type House, waitFor } from '../support/start-house.ts'
import { bubblesTo, sees, settled, twoBubbles } from '../support/two-bubbles.ts'
import { withHouse } from '../support/with-house.ts'
import { withLibrary } from '../support/with-library.ts'

const say = (house: House, text: string) => house.simulator.receive({ from: ANNA, text })
const problem = (house: House, code: string) =>
  waitFor(`the problem ${code}`, async () => (await house.status()).problems.some(each => each.code === code))
const codes = async (house: House) => (await house.status()).problems.map(({ code }) => code)
const probe = (house: House, name: 'automation' | 'chat-db') =>
  askAgent(controlSocketPath(house.stateDir), `probe-${name}`)
const posted = (house: House) => house.backend.received.map(({ filtered_text }) => filtered_text)

type Forbidden = { readonly env: Readonly<Record<string, string>>; readonly allow: () => void }

/** One scenario with a folder on the way to chat.db that the agent may not look into, until it is opened. */
const withForbidden = (happen: (house: House, forbidden: Forbidden) => Promise<void>) =>
  withLibrary(async (house, { library, env }) => {
    chmodSync(library, 0)
    await say(house, 'history')
    await house.startConnected(env)
    await happen(house, { env, allow: () => chmodSync(library, 0o700) })
  })

describe.concurrent('Full Disk Access is missing at the very first start', () => {
  test('it stays, says which binary needs it, and answers what came since that start when it is given', () =>
    withForbidden(async (house, { allow }) => {
      await problem(house, 'chat_db_forbidden')
      const { permissions, problems } = await house.status()
      expect(permissions.fullDiskAccess).toBe('missing')
      expect(problems[0]?.remedy).toContain(process.execPath)
      expect(await probe(house, 'chat-db')).toMatchObject({ readable: false, problem: { code: 'chat_db_forbidden' } })
      await say(house, 'meanwhile')
      allow()
      await sees(house, ANNA, bubblesTo('meanwhile'))
      await say(house, 'after')
      await sees(house, ANNA, bubblesTo('meanwhile', 'after'))
      await settled(house)
      expect(posted(house)).toEqual(['meanwhile', 'after'])
      expect((await house.status()).permissions).toEqual({ fullDiskAccess: 'granted', automation: 'granted' })
      expect(await codes(house)).toEqual([])
      await checkInvariants(house)
    }))

  test('killed and started anew meanwhile: the first of these starts counts', () =>
    withForbidden(async (house, { env, allow }) => {
      await problem(house, 'chat_db_forbidden')
      await say(house, 'meanwhile')
      await house.killAgent()
      allow()
      await house.startConnected(env)
      await sees(house, ANNA, bubblesTo('meanwhile'))
      await settled(house)
      expect(posted(house)).toEqual(['meanwhile'])
    }))
})

test.concurrent('Messages was never set up: it waits for chat.db, and answers all that comes in it', () =>
  withHouse({ backend: twoBubbles }, async house => {
    const link = join(house.dir, 'later.db')
    await house.startConnected({ EDGE_CHAT_DB: link })
    await problem(house, 'chat_db_missing')
    await say(house, 'first')
    symlinkSync(house.simulator.chatDbPath, link)
    await sees(house, ANNA, bubblesTo('first'))
    expect(await codes(house)).toEqual([])
  }))

describe.concurrent('Automation', () => {
  test('denied from the start: nothing is tried, all is kept, and it goes on by itself', () =>
    withHouse({ backend: twoBubbles }, async house => {
      house.simulator.setOsascriptMode({ mode: 'fail-before', number: -1743, message: 'Nicht erlaubt' })
      await house.startConnected()
      await problem(house, 'automation_denied')
      expect((await house.status()).permissions.automation).toBe('missing')
      expect((await house.status()).problems[0]?.remedy).toContain(process.execPath)
      await say(house, 'hi')
      await waitFor('the answer', async () => (await house.status()).messages.answered === 1)
      expect((await house.status()).bubbles).toEqual({ planned: 2 })
      house.simulator.setOsascriptMode({ mode: 'ok' })
      await probe(house, 'automation') // in place of the next half minute's
      await sees(house, ANNA, bubblesTo('hi'))
      expect(await codes(house)).toEqual([])
      expect(house.log).not.toContain('bubble not sent')
    }))

  test('a prompt that waits at the screen: said, and no send is wasted on it', () =>
    withHouse({ backend: twoBubbles }, async house => {
      house.simulator.setOsascriptMode({ mode: 'fail-before', number: -1712 })
      await house.startConnected()
      await problem(house, 'automation_unanswered')
      await say(house, 'hi')
      await waitFor('the answer', async () => (await house.status()).messages.answered === 1)
      expect((await house.status()).bubbles).toEqual({ planned: 2 })
      house.simulator.setOsascriptMode({ mode: 'ok' })
      await probe(house, 'automation')
      await sees(house, ANNA, bubblesTo('hi'))
      expect(await codes(house)).toEqual([])
    }))

  test('where there is no osascript, nobody knows, and that is no problem', () =>
    withHouse({}, async house => {
      await house.startAgent({ EDGE_OSASCRIPT: join(house.dir, 'none') })
      expect(await probe(house, 'automation')).toMatchObject({ state: 'unclear' })
      expect((await house.status()).permissions.automation).toBe('unknown')
      expect(await codes(house)).toEqual([])
    }))
})

test.concurrent('under launchd an agent waits for another one on its state, in place of ending over and over', () =>
  withHouse({ backend: twoBubbles }, async house => {
    await house.startConnected()
    const first = house.agentPid
    const second = house.spawnAgent({ XPC_SERVICE_NAME: 'com.edge-agent' })
    await waitFor('it to say so', () => house.log.includes('waiting for it to end'))
    expect(second.exitCode).toBeNull()
    process.kill(first, 'SIGTERM')
    await waitFor('it to take over', async () => (await house.status()).agent.pid === second.pid)
  }))
