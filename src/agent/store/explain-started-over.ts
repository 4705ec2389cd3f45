import { EdgeError } from '../core/errors.ts'
import type { StartedOver } from './open-store.ts'

export const explainStartedOver = ({ reason, setAside }: StartedOver): EdgeError =>
  new EdgeError(
    'state_started_over',
    reason === 'deleted'
      ? 'the state database was deleted: what was known of messages and bubbles is lost'
      : `the state database was damaged and set aside as ${setAside}`,
    {
      remedy:
        'Recent messages may be unanswered: "edge-agent queue" lists them as dead (state_lost); retry those that are.',
    },
  )
