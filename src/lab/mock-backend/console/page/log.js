import { byId, el } from './dom.js'
import { onChange, pageState } from './page-state.js'

const MAX_LINES = 300

/** The log, newest at the end; it follows unless someone has scrolled up to read. */
export const startLog = () => {
  const box = byId('log')
  let lastSeq = 0
  onChange(['log'], () => {
    const isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40
    if ((pageState.log[0]?.seq ?? 0) > lastSeq + 1 || (pageState.log.at(-1)?.seq ?? 0) < lastSeq) {
      box.replaceChildren()
      lastSeq = 0
    }
    const fresh = pageState.log.filter(({ seq }) => seq > lastSeq)
    lastSeq = pageState.log.at(-1)?.seq ?? 0
    if (fresh.length > 0) box.querySelector('.hint')?.remove()
    box.append(...fresh.map(line))
    while (box.childElementCount > MAX_LINES) box.firstElementChild.remove()
    if (isAtEnd) box.scrollTop = box.scrollHeight
    if (box.childElementCount === 0) box.append(el('div', { class: 'hint' }, 'Nothing has happened yet.'))
  })
}

const line = ({ at, line }) => el('p', {}, el('time', {}, stamp(at)), line)

const stamp = at => {
  const time = new Date(at)
  return `${time.toLocaleTimeString([], { hour12: false })}.${String(time.getMilliseconds()).padStart(3, '0')}`
}
