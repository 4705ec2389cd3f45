import Database from 'better-sqlite3'
import { MIGRATIONS } from '../../src/agent/store/migrations.ts'
import { createStore } from '../../src/agent/store/open-store.ts'
import { type Failure, useLines } from './explore.ts'
import { createLife, type Tamper } from './life.ts'
import { notePromptness } from './promptness.ts'
import { createStoreReader, toStored } from './read-store.ts'
import type { Scenario } from './scenario.ts'
import { type Place, start, stepsFrom } from './steps.ts'
import { createTimers } from './timers.ts'
import { wrongAtLast, wrongSoFar } from './verdict.ts'
import { newWorld } from './world.ts'

/**
 * One order out of all: each choice picks what happens next, by its number modulo how many things there are; after the
 * last one whatever has to happen does, without further faults. Nothing is put back here: each life is lived through,
 * and after a crash another database begins with the bytes of the last. What went wrong, if anything.
 */
export const play = async (
  scenario: Scenario,
  choices: readonly number[],
  tamper: Tamper = {},
): Promise<Failure | undefined> => {
  let open = openBytes()
  const timers = createTimers(() => place.world.now)
  const place: Place = {
    scenario,
    timers,
    world: newWorld(scenario),
    life: undefined,
    beginLife: () => createLife(place.world, open.store, scenario, timers, tamper),
  }
  const trace: string[] = []
  const verdict = (judge: typeof wrongSoFar): Failure | undefined => {
    const { world, life } = place
    const wrong =
      life?.problems.list()[0]?.message ?? world.wrong ?? judge(world, toStored(open.reader.read()), scenario)
    return wrong === undefined ? undefined : { wrong, trace, saw: world.ledger.map(s => `${s.thread}: ${s.text}`) }
  }
  try {
    start(place)
    if (scenario.stock) useLines(open.store)
    await timers.settle()
    for (let turn = 0; ; turn += 1) {
      const steps = stepsFrom(place)
      const choice = choices[turn]
      const step = choice === undefined ? steps.find(({ kind }) => kind === 'usual') : steps[choice % steps.length]
      if (step === undefined) return verdict(wrongAtLast)
      trace.push(step.name)
      step.take(place)
      if (step.kind === 'crash') open = openBytes(open.close())
      await timers.settle()
      if (place.world.justRead) notePromptness(place.world, toStored(open.reader.read()), scenario)
      const failure = verdict(wrongSoFar)
      if (failure !== undefined) return failure
    }
  } finally {
    open.close()
  }
}

const openBytes = (bytes?: Buffer) => {
  const db = new Database(bytes ?? ':memory:')
  if (bytes === undefined) for (const step of MIGRATIONS) db.exec(step)
  return {
    store: createStore(db, 'state.db'),
    reader: createStoreReader(db),
    close: (): Buffer => {
      const held = db.serialize()
      db.close()
      return held
    },
  }
}
