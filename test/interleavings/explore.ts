/**
 * The interleaving explorer: one agent's real flows on its real store, in a world of which every move is ours, driven
 * through ALL orders of what may happen.
 *
 * What is real: `createEngine`, the flows put together as the agent runs them, with all that they decide in `core`, and the
 * store's own statements and transactions in SQLite.
 *
 * What is the world's (world.ts, steps.ts): persons write, edit, take back; POSTs reach the backend, are refused, are
 * answered, or their answer is lost; reflexes come, late, again under the same id, or never; a message is scheduled and
 * cancelled; acks arrive or are lost with their connection; an osascript cannot send, sends and ends, sends and fails,
 * hangs and is killed, without effect or with one that comes later; a row of chat.db comes after its bubble, and is seen
 * later still; a person pauses and resumes; the owner writes by hand; time passes up to the agent's next timer; the agent
 * is killed, also between the intent and osascript, and starts again. After each move the agent does what it can, at once.
 *
 * What is bounded (scenario.ts): the messages, the bubbles of an answer, which of these things happen at all, and how many
 * of the moves may be faults, all kinds together. Within that bound nothing is sampled. What holds: I1 to I4, I7 and rule 4
 * of the delivery rules (verdict.ts), and at the agent's edges, at every send and every POST, that nothing leaves that is
 * held back, taken back or edited away (trespass.ts).
 *
 * How: depth first. Before each step a SAVEPOINT, after it a ROLLBACK; the world is copied as JSON; a life is put back
 * where it was by resume-life.ts. States that differ only in what no decision asks for are one (read-store.ts), so the
 * orders are counted without being walked one by one. Two things are checked on the way: a life that is put back has
 * the same things under way and the same timers, and to wake everybody in a state at rest starts nothing.
 *
 * What is not explored here: a kill inside a transaction (SQLite's promise; test/faults kills processes there), errors of
 * the disk, -1743 and the wait for that permission, the breaker of loops, limits of a day, the window's end, what the
 * backend may answer but 200, `payload = "extended"`, self-tests, and time-outs that depend on how long something takes.
 * Two timers that are due in the same instant fire together.
 */
import Database from 'better-sqlite3'
import { MIGRATIONS } from '../../src/agent/store/migrations.ts'
import { createStore } from '../../src/agent/store/open-store.ts'
import { createLife, type Store, type Tamper } from './life.ts'
import { notePromptness } from './promptness.ts'
import { createStoreReader, type StoreRows, stateName, toStored } from './read-store.ts'
import { resumeLife } from './resume-life.ts'
import { LINES, type Scenario } from './scenario.ts'
import { type Place, type Step, start, stepsFrom } from './steps.ts'
import { createTimers } from './timers.ts'
import { wrongAtLast, wrongSoFar } from './verdict.ts'
import { newWorld, type World } from './world.ts'

export type Exploration = {
  /** Distinct states. */
  readonly states: number
  /** Steps taken: from each state one for each thing that may happen next. */
  readonly steps: number
  /** Distinct orders from the start to a state in which nothing is left that has to happen. */
  readonly orders: bigint
  /** The first that was found; the exploration ended there. */
  readonly failure?: Failure
}

export type Failure = {
  readonly wrong: string
  /** The order of steps that leads there. */
  readonly trace: readonly string[]
  /** What the persons saw. */
  readonly saw: readonly string[]
}

type Options = { readonly tamper?: Tamper; readonly maxSteps?: number }

export const explore = async (scenario: Scenario, options: Options = {}): Promise<Exploration> => {
  const { tamper = {}, maxSteps = Number.POSITIVE_INFINITY } = options
  const db = openMemory()
  const store = createStore(db, ':memory:')
  const reader = createStoreReader(db)
  const timers = createTimers(() => place.world.now)
  const place: Place = {
    scenario,
    timers,
    world: newWorld(scenario),
    life: undefined,
    beginLife: () => createLife(place.world, store, scenario, timers, tamper),
  }
  const save = db.prepare('SAVEPOINT step')
  const undo = db.prepare('ROLLBACK TO step')
  const release = db.prepare('RELEASE step')

  const known = new Map<string, { readonly orders: bigint; readonly stepsLeft: number }>()
  const trace: string[] = []
  let steps = 0
  let failure: Failure | undefined

  /** How many orders go on from the state in which everything is now. */
  const visit = async (): Promise<bigint> => {
    const rows = reader.read()
    const name = stateName(rows, place.world, scenario, timers.dueMs())
    const stepsLeft = maxSteps - trace.length
    const before = known.get(name)
    if (before !== undefined && before.stepsLeft >= stepsLeft) return before.orders

    const next = stepsFrom(place)
    const isDone = next.every(({ kind }) => kind !== 'usual')
    const wrong = wrongIn(place, rows, isDone)
    if (wrong !== undefined) return fail(wrong)
    known.set(name, { orders: 0n, stepsLeft }) // a way back to it from here is no other order
    const orders = (isDone ? 1n : 0n) + (stepsLeft > 0 ? await visitAll(next) : 0n)
    known.set(name, { orders, stepsLeft })
    return orders
  }

  const visitAll = async (next: readonly Step[]): Promise<bigint> => {
    const world = JSON.stringify(place.world)
    const underWay = underWayIn(place)
    let orders = 0n
    for (const [index, step] of next.entries()) {
      save.run()
      if (index > 0) putBack(world, underWay, step)
      trace.push(step.name)
      steps += 1
      orders += await takeStep(step)
      if (failure !== undefined) return orders // and everything stays as it is
      trace.pop()
      undo.run()
      release.run()
    }
    return orders
  }

  const takeStep = async (step: Step): Promise<bigint> => {
    try {
      step.take(place)
    } catch (error) {
      return fail(`the agent throws ${String(error)}`)
    }
    await timers.settle()
    if (place.world.wrong === undefined) rest(place)
    if (place.world.justRead !== undefined) notePromptness(place.world, toStored(reader.read()), scenario)
    return visit()
  }

  const putBack = (world: string, underWay: string, next: Step): void => {
    place.world = JSON.parse(world) as World
    timers.forget()
    const isNeeded = place.world.up && next.kind !== 'crash' // who is killed next does not care
    place.life = isNeeded ? resumeLife(place.world, store, timers, scenario, tamper) : undefined
    if (isNeeded && underWayIn(place) !== underWay) {
      throw new Error(`a life is not where it was: ${underWay} became ${underWayIn(place)}, after\n${trace.join('\n')}`)
    }
  }

  const fail = (wrong: string): bigint => {
    failure = { wrong, trace: [...trace], saw: place.world.ledger.map(({ thread, text }) => `${thread}: ${text}`) }
    return 0n
  }

  try {
    start(place)
    if (scenario.stock) useLines(store)
    await timers.settle()
    const orders = await visit()
    return { states: known.size, steps, orders, ...(failure && { failure }) }
  } finally {
    store.close()
  }
}

/** A failure with as few steps as there can be; undefined where there is none. */
export const findShortestFailure = async (scenario: Scenario, tamper: Tamper): Promise<Failure | undefined> => {
  const { failure } = await explore(scenario, { tamper })
  for (let maxSteps = 1; maxSteps < (failure?.trace.length ?? 0); maxSteps += 1) {
    const shorter = await explore(scenario, { tamper, maxSteps })
    if (shorter.failure !== undefined) return shorter.failure
  }
  return failure
}

export const printFailure = ({ wrong, trace, saw }: Failure): string =>
  [...trace, `=> ${wrong}`, ...saw.map(seen => `   ${seen}`)].join('\n')

const wrongIn = ({ life, world, scenario }: Place, rows: StoreRows, isDone: boolean): string | undefined => {
  const [problem] = life?.problems.list() ?? []
  if (problem !== undefined) return `the agent has a problem: ${problem.message}`
  if (world.wrong !== undefined) return world.wrong
  const stored = toStored(rows)
  return wrongSoFar(world, stored, scenario) ?? (isDone ? wrongAtLast(world, stored, scenario) : undefined)
}

/**
 * Whatever could go on has gone on: to wake everybody starts nothing, or the agent would have waited for nothing. It does
 * away with timers of what has happened meanwhile.
 */
const rest = (place: Place): void => {
  const started = startedIn(place)
  place.life?.engine.wake()
  if (startedIn(place) !== started)
    throw new Error(`the agent waited for nothing: ${started} became ${startedIn(place)}`)
}

const underWayIn = (place: Place): string => `${startedIn(place)}; timers ${place.timers.dueMs()}`

const startedIn = ({ life, world }: Place): string => {
  const names = (ends: ReadonlyMap<unknown, unknown> | undefined) => [...(ends?.keys() ?? [])].sort().join()
  const underWay = [life?.posts, life?.sends, life?.waits, life?.acks].map(names)
  return `posts, sends, waits, acks: ${underWay.join('; ')}; ${world.attempts} attempts`
}

/** Two messages of long ago had them. */
export const useLines = ({ lines, hash: keyed }: Pick<Store, 'lines' | 'hash'>): void => {
  for (const line of LINES) for (const messageId of [-1, -2]) lines.note(keyed(line), messageId)
}

const openMemory = (): Database.Database => {
  const db = new Database(':memory:')
  for (const step of MIGRATIONS) db.exec(step)
  return db
}
