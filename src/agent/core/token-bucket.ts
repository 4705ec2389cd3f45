/** Gives `size` tokens at once, and from then on one every `everyMs`; `now` is a clock that only goes forward. */
export const createTokenBucket = (size: number, everyMs: number, now: () => number): (() => boolean) => {
  let tokens = size
  let filledMs = now()
  /** Takes one; false where there is none. */
  return () => {
    const at = now()
    tokens = Math.min(size, tokens + (at - filledMs) / everyMs)
    filledMs = at
    if (tokens < 1) return false
    tokens -= 1
    return true
  }
}
