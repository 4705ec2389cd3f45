/** What a promise brings, or `otherwise` where it takes longer than `ms` or rejects. */
export const within = async <T, F>(ms: number, promise: Promise<T>, otherwise: F): Promise<T | F> => {
  const { promise: late, resolve } = Promise.withResolvers<F>()
  const timer = setTimeout(() => resolve(otherwise), ms)
  try {
    return await Promise.race([promise.catch(() => otherwise), late])
  } finally {
    clearTimeout(timer)
  }
}
