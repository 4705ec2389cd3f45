import { attempt, call } from './api.js'
import { byId, el, field, setOptions } from './dom.js'
import { knownAgents, knownThreads, onChange } from './page-state.js'

/** A command to an agent, as a form. */
export const startComposer = () => {
  const agent = el('select', { required: true })
  const threads = el('datalist', { id: 'composer-threads' })
  const thread = el('input', { list: threads.id, placeholder: '+15622924139' })
  const text = el('textarea', { rows: '3', placeholder: 'What the agent should send' })
  const bubble = el(
    'select',
    {},
    ...[
      ['', 'plain'],
      ['reflex', 'reflex'],
    ].map(([value, name]) => el('option', { value }, name)),
  )
  const later = el('input', { type: 'datetime-local', step: '1' })
  const types = el(
    'datalist',
    { id: 'composer-types' },
    ...['send_message_now', 'schedule_message', 'cancel_scheduled'].map(value => el('option', { value })),
  )
  const type = el('input', { list: types.id, value: 'send_message_now', required: true })
  const payload = el('textarea', { rows: '4', class: 'mono', placeholder: '{"thread_id": "…", "text": "…"}' })
  const id = el('input', { placeholder: 'a new one' })
  const outcome = el('p', { class: 'outcome', role: 'status' })
  const raw = el(
    'details',
    { class: 'raw' },
    el('summary', {}, 'Any command, as JSON'),
    el(
      'div',
      { class: 'form' },
      field('Command type', type),
      types,
      field('Payload, instead of the fields above', payload),
      field('Command id', id),
    ),
  )
  const form = el(
    'form',
    { class: 'form' },
    el(
      'p',
      { class: 'hint' },
      'A text for the agent to send, now or later. What happens to it appears under Messages.',
    ),
    field('Agent', agent),
    field('Thread', thread),
    threads,
    field('Text', text),
    field('Kind of bubble', bubble),
    field('Send later, at', later),
    raw,
    el('div', { class: 'form-end' }, el('button', { class: 'primary', type: 'submit' }, 'Send command'), outcome),
  )
  byId('panel-command').append(form)

  form.addEventListener('submit', async event => {
    event.preventDefault()
    const toThread = () => ({ thread_id: thread.value.trim(), text: text.value })
    const command = () => {
      if (payload.value.trim() !== '') return { command_type: type.value, payload: JSON.parse(payload.value) }
      if (later.value !== '') {
        const send_at = new Date(later.value).toISOString()
        return { command_type: 'schedule_message', payload: { ...toThread(), send_at } }
      }
      return {
        command_type: type.value,
        payload: { ...toThread(), ...(bubble.value && { bubble_type: bubble.value }) },
      }
    }
    const read = () => ({
      agent: agent.value,
      ...command(),
      ...(id.value.trim() && { command_id: id.value.trim() }),
    })
    const isSent = await attempt(outcome, async () => call('POST', '/mock/commands', read()), 'Sent.')
    if (isSent) text.value = ''
  })
  onChange(['items', 'connections', 'start'], () => {
    const agents = knownAgents()
    setOptions(agent, agents.length > 0 ? agents.map(name => [name, name]) : [['', 'no known agent yet']])
    setOptions(
      threads,
      knownThreads().map(name => [name, name]),
    )
    thread.value ||= knownThreads().at(-1) ?? ''
  })
}
