import { Agent, install, setGlobalDispatcher } from 'undici'

/** Gives the global `fetch` the pool and the time-outs that the agent needs. Called once, before the first request. */
export const installDispatcher = (): void => {
  // Node's own fetch is an older undici, which ignores some of these options.
  install()
  setGlobalDispatcher(
    new Agent({
      connect: { timeout: 10_000 },
      connections: 32,
      allowH2: false,
      // Below any server's, and also where the server promises more: a connection that was idle while the Mac slept
      // is most likely dead, and a POST on it would wait for its whole deadline.
      keepAliveTimeout: 4_000,
      keepAliveMaxTimeout: 4_000,
      // The deadline of a POST (120 s) is the one that counts.
      headersTimeout: 130_000,
      bodyTimeout: 130_000,
    }),
  )
}
