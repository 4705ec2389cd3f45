/** Loads what the agent loads in daily life, with V8 set as the agent sets it, and waits. */
import { spareMemory } from '../../dist/cli/spare-memory.js'

spareMemory()
for (const name of ['commander', 'better-sqlite3', 'pino', 'smol-toml', 'undici', 'ws', 'zod']) await import(name)
setInterval(() => {}, 2 ** 30)
