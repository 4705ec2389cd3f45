/** An element. Texts become text nodes, whatever stands in them; `onclick` and its like become listeners. */
export const el = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) set(element, name, value)
  element.append(...children.flat().filter(child => child !== undefined && child !== null && child !== false))
  return element
}

const set = (element, name, value) => {
  if (value === undefined || value === false) return
  if (typeof value === 'function') element.addEventListener(name.slice(2), value)
  else if (name === 'class') element.className = value
  else element.setAttribute(name, value === true ? '' : value)
}

export const byId = id => document.getElementById(id)

/** Only where it differs: what did not change keeps focus and selection, and is not read aloud again. */
export const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text
}

let nextId = 0

/** A label with its control below. */
export const field = (label, control, className = 'field') => {
  nextId += 1
  control.id ||= `field-${nextId}`
  return el('div', { class: className }, el('label', { for: control.id }, label), control)
}

/** Fills a select, and keeps what is chosen where it is still there. */
export const setOptions = (select, options) => {
  const wanted = JSON.stringify(options)
  if (select.dataset.options === wanted) return
  const chosen = select.value
  select.replaceChildren(...options.map(([value, text]) => el('option', { value }, text)))
  select.dataset.options = wanted
  if (options.some(([value]) => value === chosen)) select.value = chosen
}

export const announce = text => {
  byId('announcer').textContent = text
}

export const formatMs = ms => {
  if (ms === undefined || ms === null) return '–'
  if (ms < 10) return `${ms.toFixed(1)} ms`
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`
}

export const formatTime = at => new Date(at).toLocaleTimeString([], { hour12: false })

/** A command line with a button that copies it. */
export const commandLine = text => {
  const button = el('button', { type: 'button', class: 'small' }, 'Copy')
  button.addEventListener('click', async () => {
    await navigator.clipboard?.writeText(text).catch(() => undefined)
    button.textContent = 'Copied'
    setTimeout(() => setText(button, 'Copy'), 1500)
  })
  return el('div', { class: 'command' }, el('code', {}, text), button)
}
