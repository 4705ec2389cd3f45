import { readPromptness } from '../support/check-promptness.ts'
import { readSends, timeFirstBubbles } from './first-bubbles.ts'
import type { AgentBubble, Facts } from './judge.ts'
import type { PlannedMessage } from './plan-message.ts'
import type { World } from './start-world.ts'

/** Reads all records of a run; the agent must have stopped. */
export const collectFacts = (world: World, written: readonly PlannedMessage[]): Facts => {
  const db = world.openState()
  const all = <Row>(sql: string): readonly Row[] => db.prepare<[], Row>(sql).all()
  try {
    const [journal, ledger] = [world.journal(), world.ledger()]
    return {
      written,
      journal,
      ledger: ledger.map(({ guid, text, attempt }) => ({ threadId: guid.replace(/^.*;/, ''), text, attempt })),
      messages: all<Facts['messages'][number]>('SELECT guid, state, reason FROM messages'),
      bubbles: all<AgentBubble>('SELECT thread_id AS threadId, text, state, reason FROM bubbles'),
      commands: all<{ commandId: string; status: string; ackOwed: number }>(
        'SELECT command_id AS commandId, status, ack_owed AS ackOwed FROM commands',
      ).map(command => ({ ...command, ackOwed: command.ackOwed === 1 })),
      promptness: readPromptness(db),
      firstBubbles: timeFirstBubbles({ journal, ledger, lives: world.lives, ...readSends(db) }),
    }
  } finally {
    db.close()
  }
}
