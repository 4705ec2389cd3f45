import { startFakeMac } from './fake-mac/start-fake-mac.ts'

/** A fake Mac on which Messages runs, node is signed, and nothing sleeps. */
export const signedInMac = () => {
  const mac = startFakeMac()
  mac.write('running', 'Messages\n')
  mac.addTool('codesign', '[ "$1" != -d ] || echo "CDHash=aaaa1111" >&2')
  mac.addTool('sysctl', 'echo 0')
  mac.addTool('fdesetup', 'echo "FileVault is Off."')
  return mac
}
