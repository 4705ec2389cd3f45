import { createHouse } from './house.ts'
import { judge, type Verdict } from './judge.ts'
import { playScene, type SceneEvent, type SceneReport } from './play-scene.ts'
import { bubblesOf, CHAT_GUID, SCENES } from './scenes.ts'

/** What a person is told while it happens. */
export type DemoEvent =
  | { readonly kind: 'scene'; readonly number: number; readonly title: string }
  | { readonly kind: 'starting'; readonly names: string }
  | SceneEvent

export type DemoReport = { readonly verdict: Verdict; readonly scenes: readonly SceneReport[] }

/**
 * Plays all scenes in the folder `dir`, with Messages, backend and agent as real processes. However it ends, none of
 * them is left. Throws the reason of `signal` when that aborts.
 *
 * @throws EdgeError `demo_process` where one of the processes ended by itself or did not get ready
 */
export const playDemo = async ({
  dir,
  signal,
  tell,
}: {
  readonly dir: string
  readonly signal: AbortSignal
  readonly tell: (event: DemoEvent) => void
}): Promise<DemoReport> => {
  const death = new AbortController()
  const stop = AbortSignal.any([signal, death.signal])
  const house = createHouse({ dir, stop, onDeath: error => death.abort(error) })
  try {
    tell({ kind: 'starting', names: 'the Messages simulator' })
    const simulator = await house.startSimulator()
    const scenes: SceneReport[] = []
    for (const [index, scene] of SCENES.entries()) {
      tell({ kind: 'scene', number: index + 1, title: scene.title })
      tell({ kind: 'starting', names: 'the mock backend and the agent' })
      const backend = await house.startBackend(scene)
      const agent = await house.startAgent(backend.url)
      scenes.push(await playScene({ scene, number: index + 1, house, simulator, backend, agent, stop, tell }))
    }
    // No agent runs any more: whatever was sent, late doubles included, is in the ledger. A backend that did not send
    // the words that it was given lets the verdict fail as well.
    const seen = house.readLedger().filter(({ guid }) => guid === CHAT_GUID)
    const verdict = judge(
      SCENES.flatMap(bubblesOf),
      seen.map(({ text }) => text),
      scenes.flatMap(({ reflexMs }) => (reflexMs === undefined ? [] : [reflexMs])),
    )
    return { verdict, scenes }
  } finally {
    await house.close()
  }
}
