import { partsOf, type Scenario, think } from './scenario.ts'
import type { Stored } from './verdict.ts'
import { guidOf, type World } from './world.ts'

/**
 * I9, after each step: a reflex that came while its message was in flight was sent at once, or its words had been. Those that
 * were not are noted, and the reflexes that were missing in its thread then: one may delay one other.
 */
export const notePromptness = (world: World, stored: Stored, scenario: Scenario): void => {
  const { justRead: frame } = world
  world.justRead = undefined
  // What is held back, refused or taken back is not late.
  const isGuarded = scenario.change !== 'none' || scenario.guard !== 'none'
  if (frame === undefined || isGuarded || stored.sent.includes(frame.id)) return
  const { id, message } = frame
  // R2: what names a message that has its reflex is none that is missing.
  if (scenario.named && world.read.some(read => read.message === message && read.id !== id)) return
  const thread = scenario.threads[message - 1] ?? ''
  if (world.answered[message - 1] !== 0 || world.delayed.includes(id)) return

  const text = think(scenario, message, frame.post).reflex
  const inThread = scenario.threads.flatMap((other, index) => (other === thread ? [index + 1] : []))
  const isDue = (of: number): boolean => {
    const answered = world.answered[of - 1] ?? 0
    return (
      (answered > 0 && think(scenario, of, answered).answer[0] === text) ||
      world.read.some(read => read.message === of && think(scenario, of, read.post).reflex === text)
    )
  }
  const given = stored.bubbles.filter(
    ({ threadId, says }) => threadId === thread && says === partsOf(scenario, text)[0],
  ).length
  if (inThread.filter(isDue).length <= given) return

  world.delayed = [...world.delayed, id]
  const missing = inThread.flatMap(of => {
    const came = new Set(world.read.filter(read => read.message === of).map(read => read.id)).size
    const posts = stored.posts[guidOf(of)] ?? 0
    return Array.from({ length: Math.max(0, posts - came) }, (_, index) => `${of}.${came + index + 1}`)
  })
  world.missing = [...new Set([...world.missing, ...missing])]
}

export const wrongInPromptness = ({ delayed, missing }: World): string | undefined =>
  delayed.length > missing.length
    ? `reflexes ${delayed} were held back, and only ${missing.length} were missing (I9)`
    : undefined
