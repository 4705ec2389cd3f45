import { attempt, call } from './api.js'
import { announce, byId, el, setText } from './dom.js'
import { onChange, openConnections, pageState } from './page-state.js'

const SAMPLES = ['Can you find me the best deal for a Mac mini?', 'remind me to call Anna', 'tell me a joke']

const lay = spec => () => call('POST', '/mock/faults', spec)
const act = name => () => call('POST', `/mock/extension/${name}`)

/** Something to try: what it does, and what then comes to pass. */
const TRIALS = [
  [
    'Drop the WebSocket',
    lay({ fault: 'terminate' }),
    'Dropped. The agent reconnects at once; write something in the meantime.',
  ],
  [
    'Refuse it 3 times',
    lay({ fault: 'upgrade-status', retryAfter: '2', times: 3 }),
    'The next 3 connections are refused: the reflex comes with the answer.',
  ],
  [
    'Lose the next answer',
    lay({ fault: 'lose-answer' }),
    'Write something: the answer is lost, and the agent asks again with the same key.',
  ],
  [
    '503, three times',
    lay({ fault: 'status', status: 503, times: 3 }),
    'Write something: the agent retries until it works.',
  ],
  [
    'Send the reflex twice',
    lay({ fault: 'reflex-twice', newId: true }),
    'Write something: you will see the reflex once.',
  ],
  ['Reflex after answer', lay({ fault: 'reflex-after-answer' }), 'Write something: nothing is sent twice.'],
  ['kill -9 the agent', act('kill'), 'Killed. It restarts in a moment; what you write now is not lost.'],
  ['kill -9 after reflex', act('kill-after-reflex'), 'Write something: the agent dies between reflex and answer.'],
]

const AGENT = {
  starting: ['… agent starting', 'busy'],
  running: ['● agent running', 'good'],
  killed: ['✕ agent killed', 'bad'],
}

const build = () => {
  const text = el('input', {
    id: 'phone-text',
    autocomplete: 'off',
    maxlength: '5000',
    placeholder: 'iMessage',
    'aria-label': 'Write as the person',
  })
  const outcome = el('p', { class: 'outcome', role: 'status', id: 'phone-outcome' })
  const write = words => attempt(outcome, () => call('POST', '/mock/extension/write', { text: words }), '')
  const form = el(
    'form',
    { class: 'phone-form' },
    text,
    el('button', { class: 'primary phone-send', type: 'submit', 'aria-label': 'Send' }, '↑'),
  )
  form.addEventListener('submit', async event => {
    event.preventDefault()
    const words = text.value.trim()
    if (words === '') return
    text.value = ''
    if (!(await write(words))) text.value ||= words
  })
  const samples = el(
    'div',
    { class: 'phone-samples' },
    el('p', {}, 'You are the person with the phone. Write something, or begin with:'),
    ...SAMPLES.map(words => el('button', { type: 'button', class: 'small', onclick: () => write(words) }, words)),
  )
  const screen = el('ol', { class: 'phone-screen', 'aria-label': 'Conversation', tabindex: '0' })
  const typing = el('p', { class: 'phone-typing', role: 'status' })
  const trials = TRIALS.map(([name, run, done]) =>
    el('button', { type: 'button', class: 'small', onclick: () => attempt(outcome, run, done) }, name),
  )
  const section = el(
    'section',
    { class: 'phone-place', 'aria-labelledby': 'phone-title' },
    el(
      'div',
      { class: 'phone' },
      el(
        'div',
        { class: 'phone-head' },
        el('span', { class: 'phone-face', 'aria-hidden': 'true' }, 'A'),
        el('h2', { id: 'phone-title' }, 'Assistant'),
        el('p', { class: 'phone-pills' }, el('span', { id: 'phone-agent' }), el('span', { id: 'phone-socket' })),
      ),
      el('div', { class: 'phone-body' }, samples, screen, typing),
      form,
    ),
    el('p', { class: 'phone-verdict', id: 'phone-verdict' }),
    el(
      'div',
      { class: 'card trials' },
      el('h2', {}, 'Try this'),
      el('div', { class: 'trial-list' }, ...trials),
      outcome,
    ),
  )
  document.querySelector('.layout').prepend(section)
  document.body.classList.add('with-phone')
  setText(document.querySelector('h1'), 'edge-agent demo')
  document.title = 'edge-agent demo'
  return { screen, typing, samples, section }
}

const start = () => {
  const { screen, typing, samples } = build()
  const shown = new Map()

  const draw = () => {
    const { extension } = pageState
    if (extension === undefined) return
    const body = screen.parentElement
    const isAtEnd = body.scrollHeight - body.scrollTop - body.clientHeight < 60
    samples.hidden = extension.entries.length > 0
    screen.hidden = extension.entries.length === 0
    drawEntries(screen, shown, extension.entries)
    drawPills(extension.agent)
    drawVerdict(extension)
    drawTyping(typing, isThinking(extension))
    if (isAtEnd) body.scrollTop = body.scrollHeight
  }
  onChange(['extension', 'items', 'connections', 'start'], draw)
}

const drawEntries = (screen, shown, entries) => {
  const isFirst = shown.size === 0
  const wanted = new Set(entries.map(({ id }) => id))
  for (const [id, element] of shown) {
    if (wanted.has(id)) continue
    element.remove()
    shown.delete(id)
  }
  const last = entries.findLast(({ from }) => from === 'person')
  for (const entry of entries) {
    const known = shown.get(entry.id)
    const element = known ?? drawEntry(entry)
    if (known === undefined) {
      shown.set(entry.id, element)
      screen.append(element)
      if (entry.from !== 'person' && !isFirst) announce(entry.from === 'note' ? entry.text : `Assistant: ${entry.text}`)
    }
    const mark = element.querySelector('.mark')
    if (mark) setText(mark, entry === last ? (entry.isDelivered ? 'Delivered' : 'Sending …') : '')
  }
}

const drawEntry = ({ from, text }) =>
  from === 'note'
    ? el('li', { class: 'note' }, text)
    : el(
        'li',
        { class: from },
        el('span', { class: 'unseen' }, from === 'person' ? 'You: ' : 'Assistant: '),
        el('span', { class: 'bubble' }, text),
        from === 'person' && el('span', { class: 'mark' }),
      )

const drawPills = agent => {
  const [words, look] = AGENT[agent]
  const isOpen = openConnections().length > 0
  const show = (id, words, look) => {
    byId(id).className = `pill ${look}`
    setText(byId(id), words)
  }
  show('phone-agent', words, look)
  show('phone-socket', isOpen ? '● WebSocket open' : '○ no WebSocket', isOpen ? 'good' : 'warn')
}

const drawVerdict = ({ said, seen, missing, doubled }) => {
  const isGood = doubled === 0
  const words = [
    `${said} sent`,
    `${seen} received`,
    missing > 0 ? `${missing} on the way` : '0 missing',
    `${doubled} twice`,
  ]
  const verdict = byId('phone-verdict')
  verdict.hidden = said === 0
  verdict.classList.toggle('is-bad', !isGood)
  setText(verdict, `${isGood ? '✓' : '✕'} ${words.join(' · ')}`)
}

/** While the backend has a message of this person, or its bubbles are on the way. */
const isThinking = ({ person, missing }) =>
  missing > 0 || [...pageState.items.values()].some(({ thread, state }) => thread === person && state === 'thinking')

const drawTyping = (place, isTyping) => {
  if (place.dataset.on === String(isTyping)) return
  place.dataset.on = String(isTyping)
  place.replaceChildren(
    ...(isTyping
      ? [
          el('span', { class: 'unseen' }, 'The assistant is typing'),
          el('span', { class: 'dots', 'aria-hidden': 'true' }, el('i'), el('i'), el('i')),
        ]
      : []),
  )
}

start()
