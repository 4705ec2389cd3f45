import { z } from 'zod'
import type { Connections } from '../connections.ts'
import { parseJson } from '../parse-json.ts'
import { createLocalRouter, type Outcome, type Report, type Router } from '../router.ts'
import type { RedisLink } from './connect-redis.ts'
import { OWN, ownerKey, RELEASE, SEND } from './scripts.ts'
import { within } from './within.ts'

/** Owners are kept well within their 30 s, by so many beats of a second. */
const BEATS_PER_REFRESH = 10
/** How many owners one script looks at: Redis does nothing else meanwhile. */
const CHUNK = 500

/**
 * Routes by the owners that Redis knows. What is connected here is served from here, whether or not Redis is there.
 * @param waitMs how long a POST waits for the word of another replica
 * @param link a function: it needs what comes back
 */
export const createRedisRouter = ({
  connections,
  replica,
  waitMs,
  link,
}: {
  readonly connections: Connections
  readonly replica: string
  readonly waitMs: number
  readonly link: () => RedisLink
}) => {
  const local = createLocalRouter(connections)
  /** When the connection of each agent was accepted, by Redis's clock; the same whenever it is owned again. */
  const stamps = new Map<string, { readonly generation: number; readonly stamp: number }>()
  const waiting = new Map<string, (outcome: Outcome) => void>()
  let lastId = 0
  let beats = 0

  const own = async (agentIds: readonly string[], fresh: boolean): Promise<void> => {
    const wanted = agentIds.flatMap(agentId => {
      const mine = stamps.get(agentId)
      return mine === undefined ? [] : [{ agentId, ...mine }]
    })
    if (wanted.length === 0) return
    const args = wanted.flatMap(({ agentId, generation, stamp }) => [agentId, generation, stamp])
    const owned = ownedAnswer.parse(
      await link().run(
        OWN,
        wanted.map(({ agentId }) => ownerKey(agentId)),
        [replica, fresh ? 1 : 0, ...args],
      ),
    )
    wanted.forEach(({ agentId, generation }, index) => {
      if (owned[index] === 0) connections.replace(agentId, generation)
    })
  }

  const ownAll = async (): Promise<void> => {
    const agentIds = [...stamps.keys()]
    for (let at = 0; at < agentIds.length; at += CHUNK) await own(agentIds.slice(at, at + CHUNK), false)
  }

  const release = async (agentId: string, generation: number): Promise<void> => {
    if (stamps.get(agentId)?.generation === generation) stamps.delete(agentId)
    await link().run(RELEASE, [ownerKey(agentId)], [`${replica}/${generation}`])
  }

  /** Hands the frame to the owner, and waits for its word. */
  const sendElsewhere = async (agentId: string, text: string): Promise<Outcome> => {
    const startedAt = performance.now()
    lastId += 1
    const id = String(lastId)
    const answer = new Promise<Outcome>(resolve => waiting.set(id, resolve))
    const message: Message = { type: 'send', id, from: replica, agentId, text, until: link().now() + waitMs * 1000 }
    let found = false
    try {
      found = (await link().run(SEND, [ownerKey(agentId)], [JSON.stringify(message)])) !== 0
      if (!found) return 'no-connection'
      return await within(Math.max(0, waitMs - (performance.now() - startedAt)), answer)
    } catch {
      return found ? 'no-answer' : 'no-connection'
    } finally {
      waiting.delete(id)
    }
  }

  /** What another replica wants written here. */
  const sendFor = ({ id, from, agentId, text, until }: Extract<Message, { type: 'send' }>): void => {
    // The other has given up; a reflex behind its answer would be of no use.
    if (link().now() > until) return
    void local.send(agentId, text, {
      lookedUp: () => undefined,
      settled: outcome => link().tell(from, JSON.stringify({ type: 'outcome', id, outcome } satisfies Message)),
    })
  }

  const router: Router = {
    own: (agentId, generation) => {
      stamps.set(agentId, { generation, stamp: link().now() })
      // Without Redis the connection is good for what is posted here, and is owned when Redis is back.
      return own([agentId], true).catch(ignore)
    },
    // In between another replica may have taken the agent over.
    taken: agentId => void own([agentId], false).catch(ignore),
    release: (agentId, generation) => void release(agentId, generation).catch(ignore),
    send: (agentId, text, report) =>
      connections.open(agentId) === undefined && agentId !== ''
        ? sendElsewhere(agentId, text).then(outcome => tellOutcome(report, outcome))
        : local.send(agentId, text, report),
    close: async () => {
      const owned = [...stamps].map(([agentId, { generation }]) => release(agentId, generation))
      await Promise.allSettled(owned)
    },
  }

  return {
    router,
    ownAll,
    onBeat: async (): Promise<void> => {
      beats += 1
      if (beats % BEATS_PER_REFRESH === 0) await ownAll()
    },
    /** What came on this replica's channel. */
    listen: (text: string): void => {
      const { data } = message.safeParse(parseJson(text))
      if (data?.type === 'send') sendFor(data)
      else if (data?.type === 'outcome') waiting.get(data.id)?.(data.outcome)
      else if (data?.type === 'replaced') connections.replace(data.agentId, data.generation)
    },
  }
}

type Message = z.infer<typeof message>

const message = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('send'),
    id: z.string(),
    from: z.string(),
    agentId: z.string(),
    text: z.string(),
    /** µs, by Redis's clock. */
    until: z.number(),
  }),
  z.object({
    type: z.literal('outcome'),
    id: z.string(),
    outcome: z.enum(['written', 'no-connection', 'write-failed', 'no-answer']),
  }),
  z.object({ type: z.literal('replaced'), agentId: z.string(), generation: z.number() }),
])

const ownedAnswer = z.array(z.number())

const tellOutcome = ({ lookedUp, settled }: Report, outcome: Outcome): void => {
  lookedUp(outcome !== 'no-connection')
  settled(outcome)
}

const ignore = (): void => undefined
