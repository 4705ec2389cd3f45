import type { AnswersByKey } from './answers-by-key.ts'
import type { Connections } from './connections.ts'
import type { Emit } from './event.ts'
import type { Router } from './router.ts'

/** What one replica has by itself. `answers` is undefined for a backend that does not know `Idempotency-Key`. */
export type Replica = {
  readonly connections: Connections
  readonly answers: AnswersByKey | undefined
  readonly emit: Emit
}

/** What it has together with others. */
export type Joined = { readonly router: Router; readonly answers: AnswersByKey | undefined }

export type JoinReplicas = (replica: Replica) => Promise<Joined>
