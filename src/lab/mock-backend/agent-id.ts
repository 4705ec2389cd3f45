import { z } from 'zod'
import { MAX_ID_LENGTH } from '../../protocol/wire.ts'

/** `edge_agent_id` of the query, `X-Edge-Agent-Id` of the header. No control characters: it goes into log lines. */
export const agentId = z
  .string('is missing')
  .min(1, 'is empty')
  .max(MAX_ID_LENGTH, `is longer than ${MAX_ID_LENGTH}`)
  .regex(/^\P{Cc}*$/u, 'has control characters')
