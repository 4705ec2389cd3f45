/** Tells whether the other side of one open connection is still there. */
export type Heartbeat = {
  /** Sends a ping now, besides the regular ones. Returns its number; the first is 1. */
  readonly ping: () => number
  /** A ping after a sleep: what was overdue is forgotten, the answer has to come soon. */
  readonly probe: () => void
  /** Something came in, whatever it was. */
  readonly heard: () => void
  /** A pong came in. Returns the number of its ping, 0 if it belongs to none of ours. */
  readonly heardPong: (payload: string) => number
  readonly stop: () => void
}

/**
 * Pings at once and then every `pingEveryMs`; `onSilent` is called when nothing at all was heard for `silenceMs` after a
 * ping. A pong is not required as long as anything comes in: under load it queues behind the frames.
 */
export const startHeartbeat = ({
  pingEveryMs,
  silenceMs,
  probeMs,
  sendPing,
  onSilent,
  onRtt,
}: {
  readonly pingEveryMs: number
  readonly silenceMs: number
  readonly probeMs: number
  readonly sendPing: (payload: string) => void
  readonly onSilent: () => void
  readonly onRtt: (rttMs: number) => void
}): Heartbeat => {
  let lastPing = 0
  let lastPingAt = 0
  let death: NodeJS.Timeout | undefined

  const heard = (): void => {
    clearTimeout(death)
    death = undefined
  }
  const pingWithin = (answerMs: number): number => {
    lastPing += 1
    lastPingAt = performance.now()
    // The oldest ping without an answer counts, or frequent pings would put death off for ever.
    death ??= setTimeout(() => {
      death = undefined
      onSilent()
    }, answerMs)
    sendPing(String(lastPing))
    return lastPing
  }
  const ping = (): number => pingWithin(silenceMs)
  const beat = setInterval(ping, pingEveryMs)
  ping()

  return {
    ping,
    probe: () => {
      heard()
      pingWithin(probeMs)
    },
    heard,
    heardPong: payload => {
      const number = Number(payload)
      if (!(number >= 1 && number <= lastPing)) return 0
      if (number === lastPing) onRtt(performance.now() - lastPingAt)
      return number
    },
    stop: () => {
      clearInterval(beat)
      heard()
    },
  }
}
