import { existsSync } from 'node:fs'
import { findTool } from '../../src/mac/macos/run-tool.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome', 'microsoft-edge']
const MAC = ['Chromium', 'Google Chrome', 'Microsoft Edge', 'Brave Browser'].map(
  name => `/Applications/${name}.app/Contents/MacOS/${name}`,
)

/** A browser of Chromium's kind on this machine. A test that needs one fails without it, and says what to do. */
export const findBrowser = (): string => {
  const found = NAMES.map(name => findTool(name)).find(path => path !== undefined) ?? MAC.find(existsSync)
  if (found !== undefined) return found
  throw new Error(
    'No Chromium or Chrome was found. scripts/test installs one where it may (Linux with apt-get, as root); ' +
      'elsewhere: apt-get install chromium, or brew install --cask chromium.',
  )
}
