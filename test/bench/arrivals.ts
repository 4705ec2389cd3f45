/** Where one side notes what arrived when, and the other asks for it by its key, before or after. */
export const createArrivals = (what: string) => {
  const slots = new Map<string, PromiseWithResolvers<number>>()
  const slot = (key: string): PromiseWithResolvers<number> => {
    const known = slots.get(key) ?? Promise.withResolvers<number>()
    slots.set(key, known)
    return known
  }
  return {
    note: (key: string, at: number): void => slot(key).resolve(at),
    /** Rejects after a while: what is lost must not hold up the rest for ever. */
    of: async (key: string): Promise<number> => {
      const { promise, reject } = slot(key)
      const timer = setTimeout(
        () => reject(new Error(`${what} did not arrive in ${PATIENCE_MS} ms: ${key}`)),
        PATIENCE_MS,
      )
      try {
        return await promise
      } finally {
        clearTimeout(timer)
        slots.delete(key)
      }
    },
  }
}

const PATIENCE_MS = 10_000
