/**
 * Preloaded into the agent (`node --import`): its wall clock is off by as many ms as the file named in STEPPED_CLOCK says,
 * from one moment to the next when that changes. Steady time is left alone, as it is when a real clock is set.
 */
import { readFileSync } from 'node:fs'

const file = process.env['STEPPED_CLOCK'] ?? ''
const trueNow = Date.now
Date.now = () => trueNow() + Number(readFileSync(file, 'utf8'))
