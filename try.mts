import { startFakeMac } from './test/support/fake-mac/start-fake-mac.ts'
import { createSimulator } from './src/messages-simulator/simulator.ts'
import { startMockBackend } from './src/mock-backend/start-mock-backend.ts'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
const mac = startFakeMac()
const sim = createSimulator({ dir: join(mac.dir, 'sim') })
const backend = await startMockBackend({ secret: 's3' })
const conf = join(mac.home, '.config/edge-agent'); mkdirSync(conf, {recursive:true})
writeFileSync(join(conf,'secret'), 's3\n', {mode:0o600})
const show = async (...a: string[]) => { const t=Date.now(); const r = await mac.run(a); console.log(`$ edge-agent ${a.join(' ')} → ${r.code} (${Date.now()-t} ms)\n${r.stdout}${r.stderr}`) }
await show('install','--dry-run')
writeFileSync(join(conf,'config.toml'), `backend_url="${backend.url}"\nagent_id="edge_1"\nsecret_file="secret"\nchat_db="${sim.chatDbPath}"\nosascript="${sim.osascriptPath}"\n`)
await show('install','--dry-run')
await show('install')
await show('status')
await show('install')
await show('restart')
await show('stop')
await show('stop')
await show('restart')
await show('uninstall')
await show('uninstall')
await show('uninstall','--purge')
await show('uninstall','--purge','--yes')
console.log(mac.calls().join('\n'))
const {execSync}=await import('node:child_process'); console.log(execSync('find '+mac.home+' | head -50',{encoding:'utf8'}))
mac.close(); await backend.close?.(); process.exit()
