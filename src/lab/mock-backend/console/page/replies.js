import { attempt, call } from './api.js'
import { byId, el, field } from './dom.js'
import { onChange, pageState } from './page-state.js'

/** What the backend says, and how long it thinks. */
export const startReplies = () => {
  const thinkMs = el('input', { type: 'number', min: '0', max: '3600000', required: true })
  const reflex = el('input', { placeholder: 'none' })
  const inReplyTo = el('input', { type: 'checkbox' })
  const replies = el(
    'select',
    {},
    el('option', { value: 'canned' }, 'the bubbles below'),
    el('option', { value: 'echo' }, 'the text itself (echo)'),
    el('option', { value: 'table' }, 'a table of patterns'),
  )
  const bubbles = el('textarea', { rows: '4' })
  const table = el('textarea', { rows: '8', class: 'mono', spellcheck: 'false' })
  const outcome = el('p', { class: 'outcome', role: 'status' })
  const tableField = field('Table: a JSON list of {match, bubbles, reflex?}', table)
  const bubblesField = field('Bubbles, one per line; {text} is the text of the message', bubbles)
  const form = el(
    'form',
    { class: 'form' },
    field('Thinking time, in ms', thinkMs),
    field('Reflex, sent early over the WebSocket', reflex),
    el('label', { class: 'check' }, inReplyTo, ' The reflex names its message (in_reply_to)'),
    field('Then it answers with', replies),
    bubblesField,
    tableField,
    el('div', { class: 'form-end' }, el('button', { class: 'primary', type: 'submit' }, 'Save'), outcome),
  )
  byId('panel-replies').append(form)

  const show = () => {
    tableField.hidden = replies.value !== 'table'
    bubblesField.hidden = replies.value === 'echo' || replies.value === 'command'
  }
  replies.addEventListener('change', show)
  form.addEventListener('submit', event => {
    event.preventDefault()
    const change = () => ({
      thinkMs: Number(thinkMs.value),
      reflex: reflex.value,
      inReplyTo: inReplyTo.checked,
      replies: replies.value,
      bubbles: bubbles.value.split('\n').filter(line => line.trim() !== ''),
      table: table.value.trim() === '' ? [] : JSON.parse(table.value),
    })
    void attempt(
      outcome,
      async () => call('PATCH', '/mock/settings', change()),
      'Saved. Applies from the next message.',
    )
  })
  onChange(['settings', 'start'], () => {
    const { settings } = pageState
    if (settings.hasCommand && !replies.querySelector('[value="command"]'))
      replies.append(el('option', { value: 'command' }, 'the reply command'))
    thinkMs.value = String(settings.thinkMs)
    reflex.value = settings.reflex
    inReplyTo.checked = settings.inReplyTo
    replies.value = settings.replies
    bubbles.value = settings.bubbles.join('\n')
    table.value = settings.table.length === 0 ? '' : JSON.stringify(settings.table, null, 2)
    show()
  })
}
