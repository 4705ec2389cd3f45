import { stripVTControlCharacters, styleText } from 'node:util'
import { expect, test } from 'vitest'
import { judge } from '../../../src/lab/demo/judge.ts'
import type { DemoEvent } from '../../../src/lab/demo/play-demo.ts'
import { type Paint, renderEvent, renderOpening, renderReport } from '../../../src/lab/demo/render.ts'
import { bubblesOf, SCENES } from '../../../src/lab/demo/scenes.ts'
import { tellConversation, tellTimeline } from '../../../src/lab/demo/tell-timeline.ts'

const plain: Paint = (_, text) => text
const colour: Paint = (format, text) => styleText(format, text, { validateStream: false })

const report = (seen: readonly string[], reflexMs: readonly (number | null)[] = [140, 150]) => ({
  verdict: judge(SCENES.flatMap(bubblesOf), seen, reflexMs),
  scenes: [],
})

/** Everything that a demo could print, with late bubbles and a restart in each scene. */
const everything = (paint: Paint): string => {
  const events = SCENES.flatMap((scene, index): DemoEvent[] => {
    const seen = [
      { what: 'committed', at: 0 } as const,
      { what: 'posted', at: 10, key: '"k"' } as const,
      { what: 'no-websocket', at: 10 } as const,
      { what: 'reflex-out', at: 11 } as const,
      { what: 'reflex-in', at: 12 } as const,
      { what: 'killed', at: 13 } as const,
      { what: 'restarted', at: 13 } as const,
      { what: 'posted', at: 14, key: '"k"' } as const,
      { what: 'answer-in', at: 15, rule: 'A1' } as const,
      ...[...bubblesOf(scene), '?'].map(text => ({ what: 'sent', at: 99_999, text }) as const),
    ]
    const timeline = tellTimeline(scene, seen)
    return [
      { kind: 'scene', number: index + 1, title: scene.title },
      { kind: 'starting', names: 'the mock backend and the agent' },
      ...tellConversation(scene, seen).map(said => ({ kind: 'said', said }) as const),
      ...timeline.map(moment => ({ kind: 'intervened', moment }) as const),
      { kind: 'timeline', timeline },
    ]
  })
  return [
    renderOpening(paint),
    ...events.map(event => renderEvent(event, paint)),
    renderReport(report(SCENES.flatMap(bubblesOf), [1234, null]), paint),
    renderReport(report(SCENES.flatMap(bubblesOf)), paint),
  ].join('')
}

test('nothing is wider than 80 columns, and every text ends its line', () => {
  const lines = everything(plain).split('\n')
  expect(lines.length).toBeGreaterThan(60)
  expect(lines.filter(line => line.length > 80)).toEqual([])
  expect(lines.at(-1)).toBe('')
})

test('colour adds nothing but colour', () => {
  expect(everything(colour)).not.toBe(everything(plain))
  expect(stripVTControlCharacters(everything(colour))).toBe(everything(plain))
})

test('the first line says that no real Messages are touched', () => {
  expect(renderOpening(plain).split('\n')[0]).toMatch(/Messages are never touched/)
})

test("the person's bubble ends where the line ends, the assistant's begins where it begins", () => {
  const person = renderEvent({ kind: 'said', said: { from: 'person', text: 'hello?', ms: 0 } }, plain)
  const assistant = renderEvent({ kind: 'said', said: { from: 'assistant', text: 'hm', ms: 140 } }, plain)
  const bubble = person.split('\n')[1] ?? ''
  expect(bubble).toMatch(/^ +0 ms +\( hello\? \)$/)
  expect(bubble).toHaveLength(78)
  expect(assistant).toBe('   140 ms   ( hm )\n')
})

test('a verdict that holds is followed by what to try next', () => {
  const text = renderReport(report(SCENES.flatMap(bubblesOf)), plain)
  expect(text).toMatch(/✓ lost +0 of 9 bubbles\n.+✓ sent twice +0\n.+✓ out of order +0\n.+✓ reflex +140 ms and 150 ms/s)
  expect(text).toContain('Try next')
  expect(text).not.toContain('✗')
})

test('a verdict that fails says which promise was broken', () => {
  const said = SCENES.flatMap(bubblesOf)
  const [first = '', second = '', ...rest] = said
  const lost = renderReport(report(said.slice(1)), plain)
  expect(lost).toMatch(/✗ lost +1 of 9.+✓ sent twice.+✓ out of order.+✓ reflex/s)
  expect(renderReport(report([...said, first]), plain)).toMatch(/✓ lost.+✗ sent twice +1.+✓ out of order.+✓ reflex/s)
  expect(renderReport(report([second, first, ...rest]), plain)).toMatch(/✓ lost.+✓ sent twice.+✗ out of order +1/s)
  expect(renderReport(report(said, [140, null]), plain)).toMatch(/✗ reflex +140 ms and never/)
  expect(lost).toContain('Some checks failed')
  expect(lost).not.toContain('Try next')
})
