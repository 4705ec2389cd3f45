import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { type ChatDbWriter, openChatDbWriter } from '../../src/lab/messages-simulator/chat-db-writer.ts'
import type { Figure, Row } from './figure.ts'
import { inFolder } from './in-folder.ts'
import { bareFloor } from './peers/bare-floor.ts'
import { edgeAgent } from './peers/edge-agent.ts'
import type { Peer } from './peers/peer.ts'
import { startPeerBackend } from './start-peer-backend.ts'
import { summarize } from './statistics.ts'
import { cpuOf, rssOf } from './usage.ts'

/**
 * The same work by any agents that have an adapter (docs/benchmarks.md): ours, a floor, and those whose adapters are named.
 * All of them run; they take turns, round by round, each round beginning with another.
 */
export const comparePeers = ({ adapters }: { readonly adapters: readonly string[] }): Promise<readonly Figure[]> =>
  inFolder(async dir => {
    const others = await Promise.all(adapters.map(loadPeer))
    const runs: Run[] = []
    for (const [n, peer] of [edgeAgent, bareFloor, ...others].entries()) {
      runs.push(await startPeer(peer, join(dir, String(n))))
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      for (let n = 0; n < runs.length; n += 1) await runs[(round + n) % runs.length]?.work(round)
    }
    const rows = (of: (run: Run) => Measured): readonly Row[] =>
      runs.map(run => {
        const { rounds, note } = of(run)
        const medians = rounds.map(samples => summarize(samples).median)
        return {
          what: run.peer.name,
          kind: run.peer.isFloor === true ? 'floor' : 'agent',
          ...summarize(rounds.flat()),
          spread: [Math.min(...medians), Math.max(...medians)],
          ...(note !== undefined && { note }),
        }
      })
    const figures: readonly Figure[] = [
      { title: 'commit → POST in a live conversation', unit: 'ms', rows: rows(run => ({ rounds: run.live })) },
      {
        title: `${BURST} messages in ${PEOPLE.length} threads, written at once → the last POST`,
        unit: 'ms',
        rows: rows(run => ({ rounds: run.bursts, note: `${run.outOfOrder()} out of order` })),
      },
      { title: 'processor time per message', unit: 'ms', rows: rows(run => ({ rounds: run.cpu })) },
      { title: 'resident memory', unit: 'MB', rows: rows(run => ({ rounds: run.rss })) },
    ]
    for (const run of runs) await run.stop()
    return figures
  })

type Run = Awaited<ReturnType<typeof startPeer>>
type Measured = { readonly rounds: readonly (readonly number[])[]; readonly note?: string }

const ROUNDS = 6
/** In each round. */
const MESSAGES = 20
const BURST = 100
const PEOPLE = Array.from({ length: 10 }, (_, n) => `+156255501${String(n).padStart(2, '0')}`)

const loadPeer = async (path: string): Promise<Peer> => {
  const { default: peer } = (await import(pathToFileURL(resolve(path)).href)) as { readonly default?: Partial<Peer> }
  if (peer?.name === undefined || peer.start === undefined || peer.textOf === undefined) {
    throw new Error(`${path} has no adapter as its default export: it needs name, start and textOf`)
  }
  return { ...peer, name: peer.name, start: peer.start, textOf: peer.textOf }
}

const startPeer = async (peer: Peer, dir: string) => {
  mkdirSync(dir)
  const chatDb = join(dir, 'chat.db')
  const writer = openChatDbWriter(chatDb)
  for (const person of PEOPLE) writer.ensureChat(`any;-;${person}`)
  const backend = await startPeerBackend(peer)
  const { connected, url: backendUrl } = backend
  const { pid, stop } = await peer.start({ dir, chatDb, backendUrl, connected })
  const bursts: (readonly string[])[] = []
  const measured = { live: [] as number[][], bursts: [] as number[][], cpu: [] as number[][], rss: [] as number[][] }

  const live = async (round: number): Promise<void> => {
    const samples: number[] = []
    for (let n = -WARM_UP; n < MESSAGES; n += 1) {
      // Out of step with every regular look at chat.db.
      await sleep(40 + Math.random() * 50)
      const text = `round ${round}, message ${n}`
      const { committedAt } = await write(writer, PEOPLE[0] ?? '', text)
      const ms = (await backend.arrivalOf(text)) - committedAt
      if (n >= 0) samples.push(ms)
    }
    measured.live.push(samples)
  }
  const burst = async (round: number): Promise<void> => {
    const texts = Array.from({ length: BURST }, (_, n) => `round ${round}, burst ${n}`)
    const [first] = await Promise.all(texts.map((text, n) => write(writer, PEOPLE[n % PEOPLE.length] ?? '', text)))
    const arrivals = await Promise.all(texts.map(backend.arrivalOf))
    measured.bursts.push([Math.max(...arrivals) - (first?.committedAt ?? Number.NaN)])
    bursts.push(texts)
  }

  return {
    peer,
    ...measured,
    work: async (round: number): Promise<void> => {
      const before = cpuOf(pid)
      await live(round)
      await burst(round)
      await sleep(SETTLE_MS)
      measured.cpu.push([(cpuOf(pid) - before) / (WARM_UP + MESSAGES + BURST)])
      measured.rss.push([rssOf(pid)])
    },
    /** Messages of a burst that came after a later one of their thread. */
    outOfOrder: (): number => {
      const place = new Map(backend.order.map((text, n) => [text, n]))
      return bursts
        .flatMap(texts =>
          texts.map((text, n) => [place.get(text) ?? 0, place.get(texts[n + PEOPLE.length] ?? '')] as const),
        )
        .filter(([own, next]) => next !== undefined && next < own).length
    },
    stop: async (): Promise<void> => {
      await stop()
      backend.close()
      writer.close()
    },
  }
}

const WARM_UP = 5
const SETTLE_MS = 500

const write = (writer: ChatDbWriter, person: string, text: string) =>
  writer.writeIncoming({ chat: `any;-;${person}`, from: person, text })
