/** Notices that the process stood still: the machine slept, or somebody stopped it. */
export type WakeWatch = {
  /**
   * Looks right now; true if it just woke, `onWake` has then been called. After a sleep all overdue timers fire in one
   * go, so a timer that means "nothing was heard for too long" asks here first.
   */
  readonly justWoke: () => boolean
  readonly stop: () => void
}

/** `onWake` is called when a tick comes more than `lagMs` late. `now` is wall time: other clocks may sleep as well. */
export const watchForWake = ({
  tickMs,
  lagMs,
  now,
  onWake,
}: {
  readonly tickMs: number
  readonly lagMs: number
  readonly now: () => number
  readonly onWake: () => void
}): WakeWatch => {
  let lastTick = now()
  const justWoke = (): boolean => {
    const late = now() - lastTick - tickMs
    lastTick = now()
    if (late > lagMs) onWake()
    return late > lagMs
  }
  const timer = setInterval(justWoke, tickMs).unref()
  return { justWoke, stop: () => clearInterval(timer) }
}
