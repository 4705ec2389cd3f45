import { byId, el, formatMs } from './dom.js'
import { onChange, pageState } from './page-state.js'

/** How many messages are drawn, the newest. */
const SHOWN = 60
const LIMIT_MS = 500
const HEIGHT = 96
const LEFT = 44

/** How long each reflex took. */
export const startChart = () => {
  onChange(['items', 'start'], draw)
  new ResizeObserver(draw).observe(byId('chart'))
}

/** In ms: until the person got it, where that is known; else until the agent confirmed it. Undefined without a reflex. */
export const latencyOf = ({ kind, reflexMs, seenMs, ackMs }) =>
  kind === 'command' || reflexMs !== undefined ? (seenMs ?? ackMs) : undefined

const draw = () => {
  const messages = [...pageState.items.values()].filter(({ kind }) => kind === 'message')
  const shown = messages.slice(-SHOWN)
  const times = shown.map(latencyOf)
  const known = times.filter(ms => ms !== undefined).toSorted((a, b) => a - b)
  const median = known[Math.floor(known.length / 2)]
  drawFigures(messages, median)

  const top = Math.max(LIMIT_MS * 1.15, (known.at(-1) ?? 0) * 1.1)
  const y = ms => HEIGHT - 14 - (ms / top) * (HEIGHT - 24)
  const width = Math.max(byId('chart').clientWidth, 260)
  const x = index => LEFT + 14 + ((width - LEFT - 30) * index) / Math.max(SHOWN / 3, shown.length - 1, 1)
  const label = known.length === 0 ? 'no reflex yet' : `median ${formatMs(median)}, slowest ${formatMs(known.at(-1))}`
  const until = shown.some(({ seenMs }) => seenMs !== undefined) ? 'the person got it' : 'the agent confirmed it'
  const svg = node('svg', { viewBox: `0 0 ${width} ${HEIGHT}`, role: 'img', 'aria-label': `Reflex latency: ${label}` })
  svg.append(
    node('line', { class: 'axis', x1: LEFT, x2: width, y1: y(0), y2: y(0) }),
    node('line', { class: 'limit', x1: LEFT, x2: width, y1: y(LIMIT_MS), y2: y(LIMIT_MS) }),
    node('text', { x: LEFT - 6, y: y(0) + 4, 'text-anchor': 'end' }, '0'),
    node('text', { x: LEFT - 6, y: y(LIMIT_MS) + 4, 'text-anchor': 'end' }, '500 ms'),
    ...shown.map((item, index) =>
      times[index] === undefined
        ? node('path', { class: 'missed', d: cross(x(index), y(0) - 8) }, title(item, 'no reflex'))
        : node(
            'circle',
            { class: 'dot', cx: x(index), cy: y(times[index]), r: 4 },
            title(item, formatMs(times[index])),
          ),
    ),
  )
  byId('chart').replaceChildren(
    svg,
    el('figcaption', {}, `Reflex, from the POST until ${until}: ${label}. ✕ is a message without one.`),
  )
}

const drawFigures = (messages, median) => {
  const count = wanted => messages.filter(({ state }) => state === wanted).length
  const figures = [
    ['messages', String(messages.length)],
    ['median reflex', formatMs(median)],
    ['thinking', String(count('thinking'))],
    ['failed', String(count('failed'))],
  ]
  byId('figures').replaceChildren(
    ...figures.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))),
  )
}

const cross = (x, y) => `M${x - 4} ${y - 4}l8 8m0 -8l-8 8`

const title = ({ text }, what) => node('title', {}, `${what}: ${text.slice(0, 60)}`)

const node = (name, attributes, ...children) => {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  element.append(...children)
  return element
}
