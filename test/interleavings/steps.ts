import type { SendEnd } from '../../src/agent/core/judge-send.ts'
import type { PostResult } from '../../src/agent/flows/answer-message.ts'
import type { Life } from './life.ts'
import { LATER, type Scenario, SEND_AT_MS, SETTLE_MS, think } from './scenario.ts'
import type { Timers } from './timers.ts'
import {
  answeredIn,
  guidOf,
  output,
  type Process,
  type Reflex,
  type Row,
  type ScheduleFrame,
  type World,
} from './world.ts'

/** Where an order has come to. Without a life the agent is not running. */
export type Place = {
  readonly scenario: Scenario
  readonly timers: Timers
  world: World
  life: Life | undefined
  /** Begins a new life on the store. */
  readonly beginLife: () => Life
}

/** Something that may happen next. */
export type Step = {
  /** usual: it will happen; optional: it may as well never happen; fault, crash: likewise, and only so often. */
  readonly kind: 'usual' | 'optional' | 'fault' | 'crash'
  readonly name: string
  readonly take: (place: Place) => void
}

/** All that may happen next. The agent's own doings are no steps: it does at once what it can. */
export const stepsFrom = ({ world, scenario, timers }: Place): Step[] => {
  const steps = [
    ...(scenario.paced && !isSettled(world, timers) ? [] : personSteps(world, scenario)),
    ...changeSteps(world, scenario),
    ...guardSteps(world, scenario),
    ...scheduleSteps(world, scenario),
    ...connectionSteps(world, scenario),
    ...(world.up && world.looked !== world.version ? [LOOK] : []),
    ...world.posts.flatMap(({ message, heard }) => (heard ? answerSteps(message) : postSteps(message))),
    ...(world.up && world.connected ? world.frames.flatMap(frame => frameSteps(frame, scenario)) : []),
    ...world.processes.flatMap(process => (process.shown ? endSteps(process) : sendSteps(process, world.up))),
    ...world.pending.map(pendingStep),
    ...timeSteps(world, timers),
    ...(world.up ? crashSteps(world) : [START]),
  ]
  return steps.filter(({ kind }) => {
    if (kind === 'fault') return world.faults > 0
    return kind !== 'crash' || world.crashes > 0
  })
}

/** The agent starts on what an earlier life left, if there was one. */
export const start = (place: Place): void => {
  const life = place.beginLife()
  place.world.up = true
  place.life = life
  life.engine.recover()
  life.openChatDb()
  life.look()
  if (!mayDisconnect(place.scenario)) place.world.connected = true
  if (place.world.connected) life.connect()
}

const START: Step = { kind: 'usual', name: 'the agent starts', take: start }

const personSteps = ({ rows }: World, { threads }: Scenario): Step[] => {
  const written = rows.filter(({ fromMe }) => !fromMe).length
  const thread = threads[written]
  if (thread === undefined) return []
  const message = written + 1
  const row = { guid: guidOf(message), thread, text: `question ${message}`, fromMe: false }
  return [
    usual(`${thread} writes message ${message}`, place => {
      addRow(place.world, row)
      place.life?.look()
    }),
  ]
}

/** All that was written is answered, and no reflex can be under way any more. */
const isSettled = ({ rows, answered, pingedMs }: World, timers: Timers): boolean =>
  answered.filter(post => post > 0).length === rows.filter(({ fromMe }) => !fromMe).length &&
  pingedMs === undefined &&
  timers.dueMs().length === 0

/** That chat.db has changed is not seen at once. */
const LOOK: Step = { kind: 'usual', name: 'the agent looks at chat.db', take: ({ life }) => life?.look() }

/** What becomes of the last message, once. */
const changeSteps = ({ rows }: World, { change, threads }: Scenario): Step[] => {
  const message = threads.length
  const index = rows.findIndex(({ guid }) => guid === guidOf(message))
  const row = rows[index]
  if (change === 'none' || row === undefined || row.editedMs !== undefined) return []
  const changed = change === 'edit' ? { text: `question ${message}, put better` } : { text: '', emptied: true }
  return [
    optional(`${row.thread} ${change}s message ${message}`, ({ world }) => {
      world.rows[index] = { ...row, ...changed, editedMs: world.now }
      world.version += 1
    }),
  ]
}

const guardSteps = ({ byHand, pause, up }: World, { guard, threads: [thread = ''] }: Scenario): Step[] => {
  if (guard === 'takeover' && byHand === undefined) {
    return [
      optional(`the owner writes to ${thread} by hand`, ({ world }) => {
        addRow(world, { guid: 'by-hand', thread, text: 'I am here', fromMe: true })
        world.byHand = { thread, atMs: world.now }
      }),
    ]
  }
  if (guard !== 'pause' || !up || pause === 'over') return []
  if (pause === 'lasts') {
    return [
      usual('a person resumes all', ({ world, life }) => {
        world.pause = 'over'
        life?.engine.pausing.resume({})
      }),
    ]
  }
  return [
    optional('a person pauses all', ({ world, life }) => {
      life?.engine.pausing.pause({})
      world.pause = 'lasts'
    }),
  ]
}

const scheduleSteps = (
  { schedule, rows, up }: World,
  { schedule: isScheduled, threads: [thread = ''] }: Scenario,
): Step[] => {
  if (!isScheduled || rows.length === 0) return []
  const write = (frame: ScheduleFrame): Step =>
    optional(`the backend writes ${frame}`, ({ world }) => {
      world.schedule.written.push(frame)
      world.schedule.frames.push(frame)
    })
  const read = (frame: ScheduleFrame): Step => {
    const payload =
      frame === 'schedule' ? { thread_id: thread, text: LATER, send_at: SEND_AT_MS } : { command_id: 'schedule' }
    return optional(`the agent gets ${frame}`, ({ world, life }) => {
      world.schedule.frames = world.schedule.frames.filter(other => other !== frame)
      world.schedule.read.push(frame)
      life?.engine.obey(toFrame(frame, frame === 'schedule' ? 'schedule_message' : 'cancel_scheduled', payload))
    })
  }
  const next = schedule.written.length === 0 ? 'schedule' : schedule.written.length === 1 ? 'cancel' : undefined
  return [...(next === undefined ? [] : [write(next)]), ...(up ? schedule.frames.map(read) : [])]
}

const mayDisconnect = ({ acks, sockets }: Scenario): boolean => acks || sockets

const connectionSteps = ({ connected, acks, pingedMs, up }: World, scenario: Scenario): Step[] => {
  if (!up) return []
  // Frames come in order: what was written before an answer, and that before the ping, is here, or will never be.
  const pong = usual('the ping is answered', ({ world, life }) => {
    const { pinged } = world
    world.pingedMs = undefined
    world.pinged = []
    dropLate(world, scenario, pinged)
    life?.pong?.()
  })
  if (!mayDisconnect(scenario)) return pingedMs === undefined ? [] : [pong]
  if (!connected) {
    return [
      usual('the connection opens', ({ world, life }) => {
        life?.engine.useConnection(undefined) // a dial begins
        world.connected = true
        life?.connect()
      }),
    ]
  }
  return [
    ...(pingedMs === undefined ? [] : [pong]),
    ...acks.map(({ id, status }) =>
      usual(`the backend gets the ack of ${id}`, ({ world, life }) => {
        world.acks = world.acks.filter(ack => ack.id !== id)
        world.acked[id] = status
        takeOut(life?.acks, id)?.()
      }),
    ),
    fault('the connection is lost', ({ world, life }) => {
      loseConnection(world, scenario)
      life?.acks.clear()
      life?.engine.useConnection(undefined)
    }),
  ]
}

/** With all that was on its way, in both directions. The reflex of what is in flight may still be written into the next one. */
const loseConnection = (world: World, scenario: Scenario): void => {
  world.connected = false
  world.pingedMs = undefined
  world.pinged = []
  world.acks = []
  if (scenario.acks) world.frames = []
  else dropLate(world, scenario)
}

/** A backend that keeps reflexes for the next connection names their messages. */
const dropLate = (world: World, { named }: Scenario, answered = answeredIn(world)): void => {
  if (!named) world.frames = world.frames.filter(({ message }) => !answered.includes(message))
}

const postSteps = (message: number): Step[] => [
  usual(`the backend gets the POST of message ${message}`, ({ world, life, scenario }) => {
    const post = (world.heard[message - 1] ?? 0) + 1
    world.heard[message - 1] = post
    if (post === 1 || !scenario.idempotent) world.frames.push({ id: `${message}.${post}`, message, post })
    world.posts = world.posts.map(known => (known.message === message ? { ...known, heard: true } : known))
    life?.posts.get(message)?.depart()
  }),
  fault(`the POST of message ${message} is refused`, place => endPost(place, message, lost('ECONNREFUSED'))),
]

const answerSteps = (message: number): Step[] => [
  usual(`the agent gets the answer to message ${message}`, place => {
    const { world, scenario } = place
    const post = scenario.idempotent ? 1 : (world.heard[message - 1] ?? 0)
    world.answered[message - 1] = post
    if (!world.connected) dropLate(world, scenario)
    const { answer } = think(scenario, message, post)
    endPost(place, message, { kind: 'answered', answer: { should_respond: true, reply_bubbles: answer } })
  }),
  fault(`the answer to message ${message} is lost`, place => endPost(place, message, lost('ECONNRESET'))),
]

const endPost = ({ world, life }: Place, message: number, result: PostResult): void => {
  world.posts = world.posts.filter(post => post.message !== message)
  takeOut(life?.posts, message)?.end(result)
}

const lost = (code: string): PostResult => ({
  kind: 'retry',
  reason: `network_${code}`,
  scope: 'message',
  network: true,
})

const frameSteps = (frame: Reflex, scenario: Scenario): Step[] => {
  const { reflex } = think(scenario, frame.message, frame.post)
  const name = `the agent gets reflex ${frame.id} "${reflex}"`
  const read = ({ world, life }: Place): void => {
    world.read.push(frame)
    world.justRead = frame
    life?.engine.obey(toCommand(frame, reflex, scenario))
  }
  const readLast = (place: Place): void => {
    place.world.frames = place.world.frames.filter(({ id }) => id !== frame.id)
    read(place)
  }
  return [optional(name, readLast), fault(`${name}, which will come again`, read)]
}

const toCommand = ({ id, message }: Reflex, text: string, { named, threads }: Scenario): string =>
  toFrame(id, 'send_message_now', {
    thread_id: threads[message - 1],
    text,
    bubble_type: 'reflex',
    ...(named && { in_reply_to: guidOf(message) }),
  })

const toFrame = (command_id: string, command_type: string, payload: object): string =>
  JSON.stringify({ type: 'command', data: { command_id, command_type, payload, priority: 'immediate' } })

/** An osascript that has not sent yet. */
const sendSteps = (process: Process, isUp: boolean): Step[] => {
  const { attempt, thread, text } = process
  const show = ({ world }: Place): void => {
    world.processes = world.processes.map(other => (other.attempt === attempt ? { ...other, shown: true } : other))
    world.ledger.push({ thread, text })
  }
  const steps = [
    usual(`${thread} sees "${text}"`, place => {
      show(place)
      addOwnRow(place, thread, text)
    }),
    fault(`${thread} sees "${text}", but its row is late`, place => {
      show(place)
      place.world.pending.push({ what: 'row', thread, text, attempt })
    }),
    fault(`osascript cannot send "${text}"`, place => {
      endProcess(place, process, output(['resolve'], -600), exited(1))
    }),
  ]
  if (!isUp) return steps // it hangs until the agent kills it, which takes an agent
  return [
    ...steps,
    fault(`osascript hangs with "${text}" until it is killed`, place => killProcess(place, process)),
    fault(`osascript hangs with "${text}" until it is killed; Messages will send it late`, place => {
      const { world } = place
      world.pending.push({ what: 'effect', thread, text, attempt, until: world.now + SETTLE_MS - 1 })
      return killProcess(place, process)
    }),
  ]
}

/** An osascript that has sent. */
const endSteps = (process: Process): Step[] => [
  usual(`osascript ends well after "${process.text}"`, place => {
    endProcess(place, process, output(['resolve', 'send', 'done']), exited(0))
  }),
  fault(`osascript fails after "${process.text}"`, place => {
    endProcess(place, process, output(['resolve', 'send'], -1712), exited(1))
  }),
]

const endProcess = ({ world, life }: Place, { attempt, leftover }: Process, file: string, end: SendEnd): void => {
  world.processes = world.processes.filter(other => other.attempt !== attempt)
  world.files[attempt] = file
  // Whatever it has asked of Messages is done before doubt about it ends.
  const until = world.now + (end.kind === 'exited' && end.code === 0 ? ROW_AT_LAST_MS : SETTLE_MS - 1)
  world.pending = world.pending.map(pending => (pending.attempt === attempt ? { ...pending, until } : pending))
  if (leftover) takeOut(life?.waits, attempt)?.([])
  else takeOut(life?.sends, attempt)?.(end)
}

/** A row after a good end comes within the two minutes for which it is waited. */
const ROW_AT_LAST_MS = 100_000

const killProcess = (place: Place, process: Process): void => {
  const file = output(['resolve', 'send'])
  if (process.leftover) {
    place.world.files[process.attempt] = file
    takeOut(place.life?.waits, process.attempt)?.([process.pid]) // that it still runs: the agent kills it itself
  } else {
    endProcess(place, process, file, { kind: 'killed', by: 'timeout' })
  }
}

const exited = (code: number): SendEnd => ({ kind: 'exited', code })

const pendingStep = ({ what, thread, text }: World['pending'][number], index: number): Step =>
  usual(what === 'effect' ? `${thread} sees "${text}", late` : `the row of "${text}" comes`, place => {
    place.world.pending.splice(index, 1)
    if (what === 'effect') place.world.ledger.push({ thread, text })
    addOwnRow(place, thread, text)
  })

const addOwnRow = (place: Place, thread: string, text: string): void => {
  addRow(place.world, { guid: `own-${place.world.rows.length + 1}`, thread, text, fromMe: true })
  place.life?.look()
}

const addRow = (world: World, row: Omit<Row, 'atMs'>): void => {
  world.rows.push({ ...row, atMs: world.now })
  world.version += 1
}

/** To the agent's next timer; what has to happen before then happens before. */
const timeSteps = ({ now, pending }: World, timers: Timers): Step[] => {
  const [due] = timers.dueMs()
  if (due === undefined || pending.some(({ until }) => until !== undefined && until < due)) return []
  return [
    usual(`${(due - now) / 1000} s pass`, place => {
      place.world.now = due
      place.timers.fireDue()
    }),
  ]
}

const crashSteps = ({ processes }: World): Step[] => {
  const crash = (place: Place): void => {
    const { world } = place
    world.crashes -= 1
    world.up = false
    world.posts = []
    loseConnection(world, place.scenario)
    world.processes = world.processes.map(process => ({ ...process, leftover: true }))
    place.timers.forget()
    place.life = undefined
  }
  const steps: Step[] = [{ kind: 'crash', name: 'the agent is killed', take: crash }]
  for (const { attempt, text } of processes.filter(({ shown, leftover }) => !shown && !leftover)) {
    const crashBefore = (what: string, clear: (files: World['files']) => void): Step => ({
      kind: 'crash',
      name: `the agent is killed before ${what} for "${text}"`,
      take: place => {
        place.world.processes = place.world.processes.filter(process => process.attempt !== attempt)
        clear(place.world.files)
        crash(place)
      },
    })
    steps.push(
      crashBefore('the file is made', files => {
        delete files[attempt]
      }),
      crashBefore('osascript runs', files => {
        files[attempt] = ''
      }),
    )
  }
  return steps
}

const usual = (name: string, take: Step['take']): Step => ({ kind: 'usual', name, take })

const optional = (name: string, take: Step['take']): Step => ({ kind: 'optional', name, take })

const fault = (name: string, take: Step['take']): Step => ({
  kind: 'fault',
  name,
  take: place => {
    place.world.faults -= 1
    return take(place)
  },
})

const takeOut = <K, V>(from: Map<K, V> | undefined, key: K): V | undefined => {
  const value = from?.get(key)
  from?.delete(key)
  return value
}
