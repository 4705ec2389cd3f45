import type { House } from './house.ts'
import type { Observation } from './observation.ts'
import { PERSON, type Scene } from './scenes.ts'
import type { RunningProcess } from './start-process.ts'
import { type Moment, type Said, tellConversation, tellTimeline } from './tell-timeline.ts'
import { until } from './until.ts'

export type SceneEvent =
  | { readonly kind: 'said'; readonly said: Said }
  /** The demo itself did something to the agent. */
  | { readonly kind: 'intervened'; readonly moment: Moment }
  | { readonly kind: 'timeline'; readonly timeline: readonly Moment[] }

export type SceneReport = {
  readonly name: Scene['name']
  readonly title: string
  /** From the commit until the person has the reflex, null where it never came; only where there is a WebSocket. */
  readonly reflexMs?: number | null
  readonly conversation: readonly Said[]
  readonly timeline: readonly Moment[]
}

/** A person writes; the scene ends when the agent has nothing left to do. Stops its backend and its agent in the end. */
export const playScene = async ({
  scene,
  number,
  house,
  simulator,
  backend,
  agent,
  stop,
  tell,
}: {
  readonly scene: Scene
  /** From 1; so many messages the agent has had when the scene ends. */
  readonly number: number
  readonly house: House
  readonly simulator: RunningProcess
  readonly backend: RunningProcess & { readonly url: string }
  readonly agent: RunningProcess
  readonly stop: AbortSignal
  readonly tell: (event: SceneEvent) => void
}): Promise<SceneReport> => {
  const observations: Observation[] = []
  const observe = (seen: Observation): void => {
    observations.push(seen)
    tellLive(seen, scene, observations, tell)
  }
  house.listen(observe)
  simulator.write(JSON.stringify({ receive: { from: PERSON, text: scene.asks } }))

  let lastAgent = agent
  if (scene.isKilled) {
    await until(() => observations.find(seen => seen.what === 'sent'), stop, REFLEX_PATIENCE_MS)
    await agent.kill()
    observe({ what: 'killed', at: Date.now() })
    observe({ what: 'restarted', at: Date.now() })
    lastAgent = await house.startAgent(backend.url)
  }
  // Where it does not finish, the ledger will show what is missing.
  await house.finished(number)
  await lastAgent.stop()
  await backend.stop()

  const timeline = tellTimeline(scene, observations)
  tell({ kind: 'timeline', timeline })
  const conversation = tellConversation(scene, observations)
  const reflex = conversation.find(({ from, text }) => from === 'assistant' && text === scene.reflex)
  return {
    name: scene.name,
    title: scene.title,
    ...(scene.hasWebSocket && { reflexMs: reflex?.ms ?? null }),
    conversation,
    timeline,
  }
}

const REFLEX_PATIENCE_MS = 20_000

/** What a person at the phone would see, and what the demo does meanwhile. */
const tellLive = (
  { what }: Observation,
  scene: Scene,
  observations: readonly Observation[],
  tell: (event: SceneEvent) => void,
): void => {
  if (what === 'committed' || what === 'sent') {
    const said = tellConversation(scene, observations).at(-1)
    if (said !== undefined) tell({ kind: 'said', said })
  } else if (what === 'killed' || what === 'restarted') {
    const moment = tellTimeline(scene, observations).findLast(moment => moment.moment === what)
    if (moment !== undefined) tell({ kind: 'intervened', moment })
  }
}
