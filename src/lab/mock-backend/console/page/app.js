import { attempt, call } from './api.js'
import { startChart } from './chart.js'
import { startComposer } from './composer.js'
import { startConnections } from './connections.js'
import { byId, setText } from './dom.js'
import { startFaults } from './faults.js'
import { startLog } from './log.js'
import { startMessages } from './messages.js'
import { follow, onChange, openConnections, pageState } from './page-state.js'
import { startReplies } from './replies.js'
import { startTabs } from './tabs.js'

let isLost = false

const showLive = () => {
  const count = openConnections().length
  const agents = count === 0 ? 'no agent connected' : count === 1 ? '1 agent connected' : `${count} agents connected`
  byId('live').classList.toggle('is-lost', isLost)
  setText(byId('live'), isLost ? '⚠ the backend does not answer, retrying …' : `● live · ${agents}`)
}

const begin = () => {
  byId('login').hidden = true
  byId('console').hidden = false
  follow({
    onOpen: () => {
      isLost = false
      setText(byId('url'), pageState.url)
      showLive()
    },
    onLost: () => {
      isLost = true
      showLive()
    },
    onRefused: () => setTimeout(() => void reconnect(), 2000),
  })
}

/** The backend has started anew, and with it forgotten this page's session. */
const reconnect = async () => {
  try {
    await call('GET', '/mock/settings')
    begin()
  } catch (error) {
    if (error.status === 401) askForSecret()
    else setTimeout(() => void reconnect(), 2000)
  }
}

const askForSecret = () => {
  byId('live').classList.remove('is-lost')
  byId('console').hidden = true
  byId('login').hidden = false
  setText(byId('live'), 'locked')
  byId('secret').focus()
}

const logIn = async outcome => {
  const isIn = await attempt(outcome, () => call('POST', '/mock/login', { secret: byId('secret').value }), '')
  if (!isIn) return byId('secret').select()
  byId('secret').value = ''
  begin()
}

for (const start of [
  startTabs,
  startChart,
  startMessages,
  startLog,
  startFaults,
  startConnections,
  startComposer,
  startReplies,
])
  start()
onChange(['connections', 'start'], showLive)
byId('login').addEventListener('submit', event => {
  event.preventDefault()
  void logIn(byId('login').querySelector('.outcome'))
})

try {
  await call('GET', '/mock/settings')
  begin()
} catch (error) {
  if (error.status === 401) askForSecret()
  else setText(byId('live'), `⚠ ${error.message}`)
}
