/**
 * Unix milliseconds that only go forward: wall time at the start, steady time from there. What is waited for within a
 * life (windows, retries, settling) is measured by it, so that a clock that is set neither doubles nor delays anything.
 */
export const createSteadyClock = (wallMs: number, steadyMs: () => number): (() => number) => {
  const offset = wallMs - steadyMs()
  return () => offset + steadyMs()
}
