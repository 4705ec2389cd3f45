import { byId, commandLine, el, formatMs, formatTime } from './dom.js'
import { agentCommand } from './messages.js'
import { onChange, openConnections, pageState } from './page-state.js'

/** Who is connected, and who lately was. */
export const startConnections = () => {
  const panel = byId('panel-connections')
  onChange(['connections', 'start'], () => {
    const open = openConnections()
    const ended = [...pageState.connections.values()].filter(({ ended }) => ended).toReversed()
    const kept = panel.querySelector('.empty')
    if (open.length > 0 || !kept) {
      panel.replaceChildren(...(open.length > 0 ? open.toReversed().map(drawConnection) : [drawEmpty()]), el('div'))
    }
    panel.lastElementChild.replaceChildren(
      ...(ended.length > 0 ? [el('h3', {}, 'Ended'), ...ended.map(drawConnection)] : []),
    )
  })
}

const drawEmpty = () =>
  el(
    'div',
    { class: 'empty' },
    el('p', {}, el('strong', {}, 'No agent is connected')),
    el('p', { class: 'hint' }, 'Start one that uses this backend:'),
    commandLine(agentCommand()),
  )

const drawConnection = ({ agent, since, from, pingsIn, pingsOut, rttMs, ended }) => {
  const facts = [
    ['since', formatTime(since)],
    ['from', from],
    ['pings', `${pingsIn} in, ${pingsOut} out`],
    ['round trip', formatMs(rttMs)],
    ...(ended
      ? [['ended', `${formatTime(ended.at)}, code ${ended.code}${ended.reason ? `: ${ended.reason}` : ''}`]]
      : []),
  ]
  return el(
    'div',
    { class: 'connection' },
    el(
      'p',
      { class: 'name' },
      agent,
      el('span', { class: ended ? 'pill' : 'pill good' }, ended ? '○ ended' : '● open'),
    ),
    el('dl', {}, ...facts.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)])),
  )
}
