import { attempt, call } from './api.js'
import { latencyOf } from './chart.js'
import { announce, byId, commandLine, el, formatMs, formatTime, setOptions, setText } from './dom.js'
import { knownAgents, knownThreads, onChange, openConnections, pageState } from './page-state.js'

/** How many are shown, the newest. */
const SHOWN = 200

const STATES = {
  thinking: ['busy', '… thinking'],
  answered: ['good', '✓ answered'],
  failed: ['bad', '✕ failed, may be retried'],
  sent: ['busy', '↗ sent'],
  completed: ['good', '✓ completed'],
}

/** The messages and commands, newest first; each opens to its time line. */
export const startMessages = () => {
  const rows = new Map()
  const filters = byId('filters')
  let newest = 0

  const draw = () => {
    setOptions(byId('filter-agent'), [['', 'any agent'], ...knownAgents().map(agent => [agent, agent])])
    setOptions(byId('filter-thread'), [['', 'any thread'], ...knownThreads().map(thread => [thread, thread])])
    const items = [...pageState.items.values()].filter(fits).slice(-SHOWN).toReversed()
    drawRows(rows, items)
    drawEmpty(items.length)
    const last = [...pageState.items.values()].findLast(({ kind }) => kind === 'message')
    if (last !== undefined && last.id > newest && newest > 0) announce(`Message from ${last.sender}: ${last.text}`)
    newest = last?.id ?? newest
  }

  filters.addEventListener('submit', event => event.preventDefault())
  filters.addEventListener('input', draw)
  onChange(['items', 'connections', 'start'], draw)
}

const fits = ({ agent, thread, state, text }) => {
  const wanted = name => byId(`filter-${name}`).value
  const words = wanted('text').trim().toLowerCase()
  return (
    (wanted('agent') === '' || wanted('agent') === agent) &&
    (wanted('thread') === '' || wanted('thread') === thread) &&
    (wanted('state') === '' || wanted('state') === state) &&
    (words === '' || text.toLowerCase().includes(words))
  )
}

/** Rows that stay keep their place in the page, and with it focus and what is open. */
const drawRows = (rows, items) => {
  const list = byId('message-list')
  const wanted = new Set(items.map(({ id }) => id))
  for (const [id, row] of rows) {
    if (wanted.has(id)) continue
    row.element.remove()
    rows.delete(id)
  }
  let place = list.firstElementChild
  for (const item of items) {
    const row = rows.get(item.id) ?? createRow(item)
    rows.set(item.id, row)
    row.update(item)
    if (row.element === place) place = place.nextElementSibling
    else list.insertBefore(row.element, place)
  }
}

const drawEmpty = shown => {
  const box = byId('message-empty')
  box.hidden = shown > 0
  if (shown > 0) return
  const kind =
    pageState.items.size > 0 ? 'filtered' : openConnections().length > 0 ? 'connected' : `alone ${pageState.url}`
  if (box.dataset.kind === kind) return
  box.dataset.kind = kind
  if (kind === 'filtered') box.replaceChildren(el('p', {}, 'No message matches the filters.'))
  else if (kind === 'connected')
    box.replaceChildren(
      el('p', {}, el('strong', {}, 'An agent is connected')),
      el(
        'p',
        { class: 'hint' },
        'Write to it from a phone: the message and everything that happens to it appear here.',
      ),
    )
  else
    box.replaceChildren(
      el('p', {}, el('strong', {}, 'Connect an agent')),
      el('p', { class: 'hint' }, 'Run this in a terminal. Every message that the agent forwards appears here.'),
      commandLine(agentCommand()),
    )
}

export const agentCommand = () =>
  [
    `EDGE_SECRET=${pageState.needsSecret ? "'the secret'" : 'any'} edge-agent start`,
    `--backend-url ${pageState.url}`,
    '--agent-id my-agent',
  ].join(' \\\n  ')

const createRow = first => {
  const parts = Object.fromEntries(
    ['when', 'text', 'who', 'times', 'state'].map(name => [name, el('span', { class: name })]),
  )
  const detail = createDetail(first)
  detail.element.id = `detail-${first.id}`
  detail.element.hidden = true
  const summary = el(
    'button',
    { type: 'button', class: 'summary', 'aria-expanded': 'false', 'aria-controls': detail.element.id },
    el('span', { class: 'arrow', 'aria-hidden': 'true' }),
    parts.when,
    parts.text,
    parts.state,
    parts.who,
    parts.times,
  )
  let drawn
  let item = first
  summary.addEventListener('click', () => {
    const isOpen = summary.getAttribute('aria-expanded') !== 'true'
    summary.setAttribute('aria-expanded', String(isOpen))
    detail.element.hidden = !isOpen
    if (isOpen) detail.update(item)
  })
  return {
    element: el('li', { class: 'message' }, summary, detail.element),
    update: fresh => {
      if (fresh === drawn) return
      drawn = fresh
      item = fresh
      const [look, words] = STATES[item.state] ?? ['', item.state]
      setText(parts.when, formatTime(item.at))
      setText(parts.text, item.text === '' ? '(no text)' : item.text)
      setText(parts.who, describeWho(item))
      setText(parts.times, describeTimes(item))
      parts.state.className = `state pill ${look}`
      setText(parts.state, item.kind === 'command' && item.state === 'failed' ? '✕ failed' : words)
      if (!detail.element.hidden) detail.update(item)
    },
  }
}

const describeWho = ({ kind, sender, thread, agent, posts }) => {
  const from =
    kind === 'command' ? `${sender} to ${thread || 'nobody'}` : sender === thread ? thread : `${sender} in ${thread}`
  return [from, agent, posts > 1 ? `${posts} POSTs` : ''].filter(part => part !== '').join(' · ')
}

const describeTimes = item => {
  const reflex = latencyOf(item)
  if (item.kind === 'command') return reflex === undefined ? '' : `in ${formatMs(reflex)}`
  return [
    reflex === undefined ? '' : `reflex ${formatMs(reflex)}`,
    item.answerMs === undefined ? '' : `answer ${formatMs(item.answerMs)}`,
  ]
    .filter(part => part !== '')
    .join(' · ')
}

const createDetail = ({ id }) => {
  const steps = el('ol', { class: 'steps', 'aria-label': 'Timeline' })
  const raws = Object.fromEntries(['text', 'body', 'answer', 'frames'].map(name => [name, createRaw()]))
  const outcome = el('p', { class: 'outcome', role: 'status' })
  const replay = newId => attempt(outcome, () => call('POST', `/mock/messages/${id}/replay`, { newId }), 'Sent again.')
  const actions = el(
    'div',
    { class: 'actions' },
    el('button', { type: 'button', class: 'small', onclick: () => replay(false) }, 'Send command again'),
    el('button', { type: 'button', class: 'small', onclick: () => replay(true) }, 'Send with a new id'),
    outcome,
  )
  return {
    element: el('div', { class: 'detail' }, steps, actions, ...Object.values(raws).map(({ element }) => element)),
    update: item => {
      steps.replaceChildren(...item.steps.map(step => drawStep(step, item.at)))
      actions.hidden = item.commandIds.length === 0
      raws.text.update('Whole text', item.text.length > 60 ? item.text : undefined)
      raws.body.update(item.posts > 1 ? 'Body of the newest POST' : 'Body of the POST', item.body)
      raws.answer.update('Answer', item.answer)
      raws.frames.update(
        item.frames.length === 1 ? '1 frame' : `${item.frames.length} frames`,
        item.frames.map(({ direction, text }) => `${direction === 'out' ? '→' : '←'} ${text}`).join('\n') || undefined,
      )
    },
  }
}

const drawStep = ({ at, label, isGood }, start) =>
  el(
    'li',
    { class: isGood ? 'step' : 'step is-bad' },
    el('span', { class: 'offset' }, `+${formatMs(Math.max(0, at - start))}`),
    el('span', { class: 'mark', 'aria-hidden': 'true' }, isGood ? '●' : '✕'),
    el('span', { class: 'label' }, label),
  )

const createRaw = () => {
  const summary = el('summary')
  const pre = el('pre', { tabindex: '0' })
  const element = el('details', { class: 'raw' }, summary, pre)
  return {
    element,
    update: (name, text) => {
      element.hidden = text === undefined
      setText(summary, name)
      setText(pre, text ?? '')
    },
  }
}
