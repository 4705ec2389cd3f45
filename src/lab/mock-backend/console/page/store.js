/** How many log lines the page keeps. */
const MAX_LOG = 300
const MAX_ITEMS = 500

/** What the backend told of itself, kept up to date. */
export const store = {
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
    Object.assign(store, rest)
    store.items = new Map(items.map(item => [item.id, item]))
    store.connections = new Map(connections.map(connection => [connection.generation, connection]))
    touch('items', 'connections', 'faults', 'settings', 'log', 'extension', 'start')
    onOpen()
  })
  on('item', item => {
    store.items.set(item.id, item)
    if (store.items.size > MAX_ITEMS) store.items.delete(store.items.keys().next().value)
    touch('items')
  })
  on('connection', connection => {
    store.connections.set(connection.generation, connection)
    const ended = [...store.connections.values()].filter(({ ended }) => ended)
    for (const { generation } of ended.slice(0, -20)) store.connections.delete(generation)
    touch('connections')
  })
  on('faults', faults => {
    store.faults = faults
    touch('faults')
  })
  on('settings', settings => {
    store.settings = settings
    touch('settings')
  })
  on('log', entry => {
    if (entry.seq <= (store.log.at(-1)?.seq ?? 0)) return
    store.log = [...store.log, entry].slice(-MAX_LOG)
    touch('log')
  })
  on('extension', extension => {
    store.extension = extension
    touch('extension')
  })
  source.addEventListener('error', () => {
    onLost()
    // A refusal is final for an EventSource.
    if (source.readyState === EventSource.CLOSED) onRefused()
  })
}

export const openConnections = () => [...store.connections.values()].filter(({ ended }) => !ended)

/** Agents and threads that were seen, for lists to choose from. */
export const knownAgents = () => [
  ...new Set([...openConnections().map(({ agent }) => agent), ...[...store.items.values()].map(({ agent }) => agent)]),
]

export const knownThreads = () => [
  ...new Set([...store.items.values()].map(({ thread }) => thread).filter(thread => thread !== '')),
]
