/**
 * The promise, or a rejection after so many ms. What has already arrived counts, even if this process was too busy to
 * read it: sockets are read between a timer and `setImmediate`.
 */
export const within = <T>(ms: number, promise: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => setImmediate(() => reject(new TimedOut(`no answer in ${ms} ms`))), ms)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })

export class TimedOut extends Error {}
