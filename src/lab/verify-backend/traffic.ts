import type { Bench } from './bench.ts'

/** What went over the wires, cut short. Times in ms. */
export type Traffic = {
  readonly messages: readonly {
    readonly trial: string
    readonly agentId: string | null
    readonly threadId: string
    readonly tookMs: number
    /** Or what went wrong. */
    readonly status: number | string
    readonly body: string
    readonly reflexes: readonly { readonly afterMs: number; readonly to: string; readonly frame: string }[]
  }[]
  readonly connections: readonly {
    readonly agentId: string
    readonly openedMs: number
    readonly frames: number
    readonly end: {
      readonly by: string
      readonly code: number
      readonly reason: string
      readonly livedMs: number
    } | null
  }[]
}

export const listTraffic = ({ talks, client }: Bench): Traffic => ({
  messages: talks.map(({ trial, agentId, threadId, exchange, own, strays }) => {
    const { sentAt, endedAt, outcome } = exchange
    return {
      trial,
      agentId: agentId ?? null,
      threadId,
      tookMs: Math.round(endedAt - sentAt),
      status: outcome.kind === 'answered' ? outcome.status : outcome.code,
      body: outcome.kind === 'answered' ? outcome.body.slice(0, MAX_TEXT) : outcome.message,
      reflexes: [...own.map(reflex => ({ ...reflex, to: agentId ?? '' })), ...strays.map(toStray)].map(
        ({ at, to, frame }) => ({ afterMs: Math.round(at - sentAt), to, frame: frame.text.slice(0, MAX_TEXT) }),
      ),
    }
  }),
  connections: client.connections.map(connection => {
    const end = connection.end()
    return {
      agentId: connection.agentId,
      openedMs: Math.round(connection.openedMs),
      frames: connection.frames.length,
      end: end === undefined ? null : { ...end, livedMs: Math.round(end.livedMs) },
    }
  }),
})

const MAX_TEXT = 500

const toStray = (stray: Bench['talks'][number]['strays'][number]) => ({ ...stray, to: stray.connection.agentId })
