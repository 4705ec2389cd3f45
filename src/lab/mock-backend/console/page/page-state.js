/** How many log lines the page keeps. */
const MAX_LOG = 300
const MAX_ITEMS = 500

/** What the backend told of itself, kept up to date. */
export const pageState = {
  url: '',
  needsSecret: false,
  settings: undefined,
  items: new Map(),
  connections: new Map(),
  faults: [],
  kinds: [],
  log: [],
  extension: undefined,
}

const listeners = []
const changed = new Set()

/** Calls `listener` once per frame in which one of these things changed. */
export const onChange = (names, listener) => listeners.push({ names, listener })

const touch = (...names) => {
  if (changed.size === 0) setTimeout(tell, 16)
  for (const name of names) changed.add(name)
}

const tell = () => {
  const names = new Set(changed)
  changed.clear()
  for (const { names: wanted, listener } of listeners) if (wanted.some(name => names.has(name))) listener()
}

/** Follows the stream. `onLost` hears when it is broken and dialled again, `onRefused` when that was in vain for good. */
export const follow = ({ onOpen, onLost, onRefused }) => {
  const source = new EventSource('/mock/stream')
  const on = (event, handle) => source.addEventListener(event, ({ data }) => handle(JSON.parse(data)))
  on('state', ({ items, connections, ...rest }) => {
    Object.assign(pageState, rest)
    pageState.items = new Map(items.map(item => [item.id, item]))
    pageState.connections = new Map(connections.map(connection => [connection.generation, connection]))
    touch('items', 'connections', 'faults', 'settings', 'log', 'extension', 'start')
    onOpen()
  })
  on('item', item => {
    pageState.items.set(item.id, item)
    if (pageState.items.size > MAX_ITEMS) pageState.items.delete(pageState.items.keys().next().value)
    touch('items')
  })
  on('connection', connection => {
    pageState.connections.set(connection.generation, connection)
    const ended = [...pageState.connections.values()].filter(({ ended }) => ended)
    for (const { generation } of ended.slice(0, -20)) pageState.connections.delete(generation)
    touch('connections')
  })
  on('faults', faults => {
    pageState.faults = faults
    touch('faults')
  })
  on('settings', settings => {
    pageState.settings = settings
    touch('settings')
  })
  on('log', entry => {
    if (entry.seq <= (pageState.log.at(-1)?.seq ?? 0)) return
    pageState.log = [...pageState.log, entry].slice(-MAX_LOG)
    touch('log')
  })
  on('extension', extension => {
    pageState.extension = extension
    touch('extension')
  })
  source.addEventListener('error', () => {
    onLost()
    // A refusal is final for an EventSource.
    if (source.readyState === EventSource.CLOSED) onRefused()
  })
}

export const openConnections = () => [...pageState.connections.values()].filter(({ ended }) => !ended)

/** Agents and threads that were seen, for lists to choose from. */
export const knownAgents = () => [
  ...new Set([
    ...openConnections().map(({ agent }) => agent),
    ...[...pageState.items.values()].map(({ agent }) => agent),
  ]),
]

export const knownThreads = () => [
  ...new Set([...pageState.items.values()].map(({ thread }) => thread).filter(thread => thread !== '')),
]
