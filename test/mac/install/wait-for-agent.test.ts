import { expect, test } from 'vitest'
import { isOfService } from '../../../src/mac/install/wait-for-agent.ts'
import type { ServiceState } from '../../../src/mac/launchd/launchctl.ts'

const LABEL = 'com.edge-agent'
const BINARY = '/home/runtime/edge-agent'
const BY_LAUNCHD = { pid: 42, version: '1', label: LABEL, execPath: BINARY }
const BY_HAND = { pid: 42, version: '1', execPath: '/usr/bin/node' }

const loaded = (state?: string, pid?: number): ServiceState => ({
  ...{ kind: 'loaded', state, pid },
  ...{ lastExitCode: undefined, runs: undefined, plist: undefined, program: undefined },
})

test.each<[string, ServiceState, typeof BY_LAUNCHD | typeof BY_HAND, boolean]>([
  ['launchd names its pid', loaded('running', 42), BY_HAND, true],
  ['launchd names the pid of a wrapper', loaded('running', 41), BY_LAUNCHD, true],
  ['launchd names a service that waits for it to end', loaded('running', 41), BY_HAND, false],
  ['the service does not run, as this one is in its way', loaded('spawn scheduled'), BY_HAND, false],
  ['launchctl tells nothing but that there is a job', loaded(), BY_HAND, true],
  ['launchctl tells nothing, and the agent does', { kind: 'unclear', said: '' }, BY_LAUNCHD, true],
  ['launchctl tells nothing, nor does the agent', { kind: 'unclear', said: '' }, BY_HAND, false],
  ['there is no job', { kind: 'not-loaded' }, BY_LAUNCHD, false],
])('whether an agent is the service: %s', (_, seen, agent, is) => {
  expect(isOfService(agent, { seen, label: LABEL, binary: BINARY })).toBe(is)
})
