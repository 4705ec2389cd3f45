import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { checkInvariants } from '../support/check-invariants.ts'
import { ANNA } from '../support/conversation.ts'
import { writePlainOsascript } from '../support/plain-osascript.ts'
import { osascriptsOf, processesWith, stopped } from '../support/processes.ts'
import { readIncoming } from '../support/read-records.ts'
import { CAN_LIMIT, fillDisk } from '../support/set-limits.ts'
import { CAN_MOUNT, mountSmallDisk } from '../support/small-disk.ts'
import { type House, SECRET, waitFor } from '../support/start-house.ts'
import { bubblesTo, sees, settled, twoBubbles } from '../support/two-bubbles.ts'
import { withHouse } from '../support/with-house.ts'

const unwritable = (house: House) =>
  waitFor('the problem to be told', async () =>
    (await house.status()).problems.some(({ code }) => code === 'state_unwritable'),
  )
/** Nothing lost, nothing double, nothing in doubt, no alarm left. */
const ends = async (house: House, text: string) => {
  await sees(house, ANNA, bubblesTo(text))
  await settled(house)
  const { bubbles, problems } = await house.status()
  expect({ bubbles, problems }).toEqual({ bubbles: { confirmed: 2 }, problems: [] })
  await checkInvariants(house, { unheard: 'any' })
}

describe.runIf(CAN_LIMIT).concurrent('the disk is full, or read-only', () => {
  test('before a message comes: nothing is POSTed, and it is answered when there is room', () =>
    withHouse({ backend: twoBubbles }, async house => {
      await house.startAgent()
      await house.connected()
      const freeDisk = fillDisk(house.agentPid)
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await unwritable(house)
      expect(house.backend.received).toEqual([])
      freeDisk()
      await ends(house, 'hi')
    }))

  /** At each commit of a conversation the agent stands still for a moment, and goes on with a full disk. */
  test.each([
    ['receive-before@2', 'a row and its POST'],
    ['post-after@1', 'the answer'],
    ['answer-before@3', 'the answer, whose commit is under way,'],
    ['command-before@1', 'R and the intent to send it'],
    ['command-after@1', 'the evidence of R, and its outcome'],
    ['spawn-before@1', 'the outcome of R, whose osascript is out'],
    ['send-after@1', 'the outcome of R'],
    ['confirm-before@1', 'the row of R'],
    ['ack-before@1', 'the ack'],
    ['deliver-before@3', 'the intent to send B, or the outcome of R'],
    ['send-after@2', 'the outcome of B'],
  ])('at %s: %s cannot be stored', point =>
    withPaused(point, async house => {
      const freeDisk = fillDisk(house.agentPid)
      house.signalAgent('SIGCONT')
      await waitFor('a write to fail', () => house.log.includes('cannot be written'))
      freeDisk()
      await ends(house, 'hi')
    }),
  )

  test('an intent that cannot be stored is not acted on', () =>
    withPaused('command-before@1', async house => {
      const freeDisk = fillDisk(house.agentPid)
      house.signalAgent('SIGCONT')
      await unwritable(house)
      await waitFor('another try', () => house.log.split('handler_failed').length > 2)
      expect(house.seen(ANNA)).toEqual([])
      freeDisk()
      await ends(house, 'hi')
    }))

  test('it is told for as long as it lasts, whatever there is to read meanwhile', () =>
    withPaused('answer-before@3', async house => {
      const freeDisk = fillDisk(house.agentPid)
      house.signalAgent('SIGCONT')
      await unwritable(house)
      house.simulator.updateMessage(readIncoming(house)[0] ?? '', { date_read: 1n })
      await sleep(1_000)
      expect((await house.status()).problems.map(({ code }) => code)).toEqual(['state_unwritable'])
      freeDisk()
      await ends(house, 'hi')
    }))

  test('while osascript sends, and cannot say so: how it ended is not forgotten', () =>
    withHouse({ backend: twoBubbles }, async house => {
      const path = join(house.dir, 'cut-osascript')
      const waits = join(house.dir, 'waits')
      const go = join(house.dir, 'go')
      const stand = `[ -e '${go}' ] || : > '${waits}'; while [ ! -e '${go}' ]; do sleep 0.05; done`
      const say = "echo 'edge-agent phase: resolve' >&2"
      // The probe of Automation is no send.
      const script = `case $1 in */send.applescript) ${say}; ${stand} ;; esac`
      writeFileSync(path, `#!/bin/sh\n${script}\nexec '${house.simulator.osascriptPath}' "$@" 2>/dev/null\n`, {
        mode: 0o755,
      })
      await house.startConnected({ EDGE_OSASCRIPT: path })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await waitFor('osascript to wait', () => existsSync(waits))
      const freeDisk = fillDisk(house.agentPid)
      writeFileSync(go, '')
      await waitFor(
        'R, and the end of osascript',
        () => house.seen(ANNA).length === 1 && osascriptsOf(house).length === 0,
      )
      await sleep(500) // its end is heard of, and cannot be stored
      freeDisk()
      await ends(house, 'hi')
    }))

  test('and the secret is changed: goes on', () =>
    withHouse({ backend: twoBubbles }, async house => {
      const secret = join(house.dir, 'secret')
      writeFileSync(secret, SECRET, { mode: 0o600 })
      await house.startConnected({ EDGE_SECRET: '', EDGE_SECRET_FILE: secret })
      await house.restartBackend(async () => {
        await house.simulator.receive({ from: ANNA, text: 'hi' })
        await waitFor('the wait', async () => (await house.status()).messages.waiting === 1)
        const freeDisk = fillDisk(house.agentPid)
        writeFileSync(secret, 'another')
        await sleep(6_000) // the secret is looked at every 5 s
        writeFileSync(secret, SECRET)
        freeDisk()
      })
      await ends(house, 'hi')
    }))

  test('what an earlier life left cannot be stored', () =>
    withHouse({ backend: twoBubbles }, async house => {
      await house.startConnected({ EDGE_FAILPOINT: 'send-after@1:kill' })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await house.agentEnd()
      house.spawnAgent({ EDGE_FAILPOINT: 'deliver-before@2:pause' })
      await stopped(house.agentPid)
      const freeDisk = fillDisk(house.agentPid)
      house.signalAgent('SIGCONT')
      await waitFor('a write to fail', () => house.log.includes('cannot be written'))
      freeDisk()
      await ends(house, 'hi')
    }))
})

test
  .runIf(CAN_MOUNT)
  .concurrent('a send whose evidence has no room is not made, even if the agent is killed then', () =>
    withHouse({ backend: twoBubbles }, async house => {
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
        await ends(house, 'hi')
      } finally {
        disk.unmount()
      }
    }),
  )

describe.concurrent('somebody tidies up', () => {
  test('the folder of evidence goes while the agent runs: it is made again', () =>
    withHouse({ backend: twoBubbles }, async house => {
      await house.startConnected()
      rmSync(join(house.stateDir, 'attempts'), { recursive: true })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await ends(house, 'hi')
    }))

  test('the whole state goes, and another agent is started on it: the first one ends, and takes nothing with it', () =>
    withHouse({ backend: twoBubbles }, async house => {
      await house.startConnected()
      const first = house.agentPid
      const isGone = () =>
        !processesWith('main.js start').some(({ pid, state }) => pid === first && !state.startsWith('Z'))
      rmSync(house.stateDir, { recursive: true })
      await house.startAgent()
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      await sees(house, ANNA, bubblesTo('hi'))
      await waitFor('the end of the first', isGone)
      expect(house.log).toContain('was removed or replaced')
      await house.killAgent()
      await house.startConnected()
      await checkInvariants(house, { unheard: 'any', overlapping: true })
      expect(house.seen(ANNA)).toEqual(bubblesTo('hi'))
    }))

  test('the evidence of a send goes between two lives: nothing is sent again, its row decides', () =>
    withHouse({ backend: twoBubbles }, async house => {
      await house.startConnected()
      house.simulator.setOsascriptMode({ mode: 'slow', ms: 3_000 }, { times: 1 })
      await house.simulator.receive({ from: ANNA, text: 'hi' })
      const attempts = join(house.stateDir, 'attempts')
      const wrote = () => readdirSync(attempts).map(file => readFileSync(join(attempts, file), 'utf8'))
      await waitFor('the send, which has its text by then', () => wrote().join('').includes('phase: send'))
      await house.killAgent()
      rmSync(attempts, { recursive: true })
      await waitFor('R', () => house.seen(ANNA).length === 1)
      await house.startConnected()
      await ends(house, 'hi')
    }))
})

test.concurrent('started anew after a kill -9: the lock is free; a second one beside it ends with 75 and changes nothing', () =>
  withHouse({ backend: twoBubbles }, async house => {
    await house.startConnected()
    await house.killAgent()
    await house.startConnected()
    const first = house.agentPid
    const second = house.spawnAgent()
    const [code] = await once(second, 'exit')
    expect(code).toBe(75)
    expect(house.log).toContain('another edge-agent is running')
    expect((await house.status()).agent.pid).toBe(first)
    await house.simulator.receive({ from: ANNA, text: 'hi' })
    await sees(house, ANNA, bubblesTo('hi'))
    process.kill(first, 'SIGKILL')
  }))

test.concurrent('two started at the same instant: one runs, the other ends with 75', () =>
  withHouse({ backend: twoBubbles }, async house => {
    const both = [house.spawnAgent(), house.spawnAgent()]
    await waitFor('one to end', () => both.some(({ exitCode }) => exitCode !== null))
    expect(both.map(({ exitCode }) => exitCode).toSorted()).toEqual([75, null])
    await house.connected()
    await house.simulator.receive({ from: ANNA, text: 'hi' })
    await sees(house, ANNA, bubblesTo('hi'))
    for (const { pid = 0, exitCode } of both) if (exitCode === null) process.kill(pid, 'SIGKILL')
  }))

test.concurrent('a state folder that is a link to another disk is a state folder', () =>
  withHouse({ backend: twoBubbles }, async house => {
    mkdirSync(join(house.dir, 'disk'))
    symlinkSync(join(house.dir, 'disk'), house.stateDir)
    await house.startConnected()
    await house.simulator.receive({ from: ANNA, text: 'hi' })
    await ends(house, 'hi')
  }))

/** Anna says hi, and the agent stands still at this point of what follows. */
const withPaused = (point: string, happen: (house: House) => Promise<void>) =>
  withHouse({ backend: twoBubbles }, async house => {
    await house.startConnected({ EDGE_FAILPOINT: `${point}:pause` })
    await house.simulator.receive({ from: ANNA, text: 'hi' })
    await stopped(house.agentPid)
    await happen(house)
  })
