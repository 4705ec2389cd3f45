import { EdgeError } from '../core/errors.ts'
import type { StartedOver } from './open-store.ts'

export const explainStartedOver = ({ reason, setAside }: StartedOver): EdgeError =>
  new EdgeError(
    'state_started_over',
    reason === 'deleted'
      ? 'the state database was deleted: its records of messages and bubbles are lost'
      : `the state database was damaged and set aside as ${setAside}`,
    {
      remedy:
        'Recent messages may be unanswered. To list them: edge-agent queue (state_lost). Retry those that are unanswered.',
    },
  )
