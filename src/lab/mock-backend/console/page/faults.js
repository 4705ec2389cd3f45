import { attempt, call } from './api.js'
import { byId, el, field, setOptions, setText } from './dom.js'
import { knownAgents, knownThreads, onChange, pageState } from './page-state.js'

const AIM = ['fault', 'agent', 'thread', 'times', 'probability']

/** The faults as switches, made from the catalogue. */
export const startFaults = () => {
  const panel = byId('panel-faults')
  const outcome = el('p', { class: 'outcome', role: 'status' })
  const active = el('ul', { class: 'active', 'aria-label': 'Faults that are on' })
  const kinds = el('div')
  const aim = createAim()
  let rows = []
  panel.append(aim.element, active, outcome, kinds)

  onChange(['start'], () => {
    rows = pageState.kinds.map(kind => createFault(kind, aim, outcome))
    const groups = [...new Set(pageState.kinds.map(({ group }) => group))]
    kinds.replaceChildren(
      ...groups.flatMap(group => [
        el('h3', {}, group),
        ...rows.filter(row => row.kind.group === group).map(({ element }) => element),
      ]),
    )
  })
  onChange(['items', 'connections', 'start'], aim.update)
  onChange(['faults', 'start'], () => {
    active.hidden = pageState.faults.length === 0
    drawActive(active, outcome)
    for (const row of rows) row.update()
  })
}

/** Whom the next fault strikes, and how often. */
const createAim = () => {
  const times = el(
    'select',
    {},
    ...[
      ['1', 'the next one'],
      ['3', 'the next 3'],
      ['10', 'the next 10'],
      ['always', 'until off'],
    ].map(([value, text]) => el('option', { value }, text)),
  )
  const probability = el(
    'select',
    {},
    ...[
      ['1', 'always'],
      ['0.5', 'half the time'],
      ['0.2', '1 in 5'],
      ['0.05', '1 in 20'],
    ].map(([value, text]) => el('option', { value }, text)),
  )
  const agent = el('select')
  const thread = el('select')
  const update = () => {
    setOptions(agent, [['', 'every agent'], ...knownAgents().map(name => [name, name])])
    setOptions(thread, [['', 'every thread'], ...knownThreads().map(name => [name, name])])
  }
  update()
  return {
    element: el(
      'fieldset',
      { class: 'aim fields' },
      el('legend', { class: 'unseen' }, 'What the fault affects'),
      field('Strikes', times),
      field('How likely', probability),
      field('Agent', agent),
      field('Thread', thread),
    ),
    update,
    read: () => ({
      times: times.value === 'always' ? 'always' : Number(times.value),
      probability: Number(probability.value),
      ...(agent.value && { agent: agent.value }),
      ...(thread.value && { thread: thread.value }),
    }),
  }
}

const createFault = (kind, aim, outcome) => {
  const controls = Object.entries(kind.schema.properties)
    .filter(([name]) => !AIM.includes(name))
    .map(([name, schema]) => createControl(name, schema, kind.schema.required?.includes(name)))
  const actsAtOnce = () => controls.some(({ name, read }) => name === 'at' && read() === 'now') && !lasts(kind)
  const mine = () => pageState.faults.filter(({ spec }) => spec.fault === kind.name)
  const button = el('button', { type: 'button' })

  const read = () => {
    const given = controls.map(({ name, read }) => [name, read()]).filter(([, value]) => value !== undefined)
    return { fault: kind.name, ...aim.read(), ...Object.fromEntries(given) }
  }
  const act = () =>
    mine().length > 0
      ? attempt(
          outcome,
          () => Promise.all(mine().map(({ id }) => call('DELETE', `/mock/faults/${id}`))),
          `Off: ${kind.title}.`,
        )
      : attempt(
          outcome,
          () => call('POST', '/mock/faults', read()),
          actsAtOnce() ? `Done: ${kind.title}.` : `On: ${kind.title}.`,
        )
  button.addEventListener('click', act)

  const update = () => {
    const isButton = actsAtOnce() && mine().length === 0
    button.className = isButton ? 'small' : 'switch'
    setText(button, isButton ? 'Do it' : '')
    if (isButton) {
      button.removeAttribute('role')
      button.removeAttribute('aria-checked')
      button.setAttribute('aria-label', `Do it: ${kind.title}`)
    } else {
      button.setAttribute('role', 'switch')
      button.setAttribute('aria-checked', String(mine().length > 0))
      button.setAttribute('aria-label', kind.title)
    }
  }
  const options =
    controls.length > 0 &&
    el(
      'details',
      {},
      el('summary', {}, 'Options'),
      el('div', { class: 'fields' }, ...controls.map(({ element }) => element)),
    )
  const element = el(
    'div',
    { class: 'fault', 'data-fault': kind.name },
    el(
      'div',
      { class: 'fault-row' },
      el('span', { class: 'fault-title' }, kind.title),
      button,
      el('p', { class: 'hint' }, kind.hint),
    ),
    options,
  )
  element.addEventListener('change', update)
  update()
  return { kind, element, update }
}

const lasts = ({ params }) => params.includes('forMs')

/** One parameter, by its JSON schema. */
const createControl = (name, schema, isRequired) => {
  const label = schema.description ?? name
  const choices = schema.enum ?? schema.anyOf?.map(({ const: value }) => value)
  if (choices) {
    const select = el('select', {}, ...choices.map(value => el('option', { value: String(value) }, String(value))))
    select.value = String(schema.default ?? choices[0])
    const toValue = typeof choices[0] === 'number' ? Number : String
    return { name, element: field(label, select), read: () => toValue(select.value) }
  }
  if (schema.type === 'boolean') {
    const box = el('input', { type: 'checkbox' })
    box.checked = schema.default === true
    return { name, element: el('label', { class: 'check' }, box, label), read: () => box.checked }
  }
  const isNumber = schema.type === 'integer' || schema.type === 'number'
  const input = el('input', { type: isNumber ? 'number' : 'text', required: isRequired === true })
  input.value = String(schema.default ?? '')
  const read = () =>
    input.value === '' && (isNumber || schema.default === undefined)
      ? undefined
      : isNumber
        ? Number(input.value)
        : input.value
  return { name, element: field(label, input), read }
}

const drawActive = (list, outcome) => {
  const known = new Map([...list.children].map(row => [row.dataset.id, row]))
  const rows = pageState.faults.map(({ id, title, spec, left, strikes }) => {
    const row = known.get(String(id)) ?? createActive(id, title, outcome)
    const whom = [spec.agent, spec.thread].filter(Boolean).join(', ')
    const chance = spec.probability < 1 ? `, each with a chance of ${Math.round(spec.probability * 100)} %` : ''
    const count = left === null ? 'until turned off' : left === 1 ? 'the next one' : `${left} more`
    const struck = strikes === 0 ? '' : `, struck ${strikes}×`
    setText(row.querySelector('span'), `${title}${whom ? ` for ${whom}` : ''}: ${count}${chance}${struck}`)
    return row
  })
  for (const row of known.values()) if (!rows.includes(row)) row.remove()
  for (const row of rows) if (row.parentElement !== list) list.append(row)
}

const createActive = (id, title, outcome) =>
  el(
    'li',
    { 'data-id': String(id) },
    el('span'),
    el(
      'button',
      {
        type: 'button',
        class: 'small',
        'aria-label': `Turn off: ${title}`,
        onclick: () => attempt(outcome, () => call('DELETE', `/mock/faults/${id}`), `Off: ${title}.`),
      },
      'Turn off',
    ),
  )
