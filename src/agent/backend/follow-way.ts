import { type ConnectionStatus, lastErrorOf } from './keep-connected.ts'

/** What the WebSocket shows of the way to the backend. */
export type Way = {
  /** While it is open; Unix milliseconds. */
  readonly shows: () => { readonly openedMs: number; readonly heardMs: number } | undefined
  /** Calls back when it has ended; `isSilent`: nothing was heard any more, so what else went that way went nowhere. */
  readonly onEnd: (callback: (isSilent: boolean) => void) => void
}

/** Follows the life of the WebSocket for those who do not use it themselves. */
export const followWay = (now: () => number = Date.now) => {
  let opened: { readonly generation: number; readonly ms: number } | undefined
  let heardMs = 0
  const callbacks: ((isSilent: boolean) => void)[] = []
  const heard = (): void => {
    heardMs = now()
  }
  const way: Way = {
    shows: () => opened && { openedMs: opened.ms, heardMs },
    onEnd: callback => {
      callbacks.push(callback)
    },
  }
  return {
    way,
    /** A frame came in. */
    heard,
    /** At each change, and with each pong. */
    follow: (status: ConnectionStatus): void => {
      if (status.state === 'open') {
        if (status.generation !== opened?.generation) opened = { generation: status.generation, ms: now() }
        heard()
        return
      }
      opened = undefined
      if (status.state !== 'waiting') return
      for (const callback of callbacks) callback(lastErrorOf(status)?.code === 'silent')
    },
  }
}
