import { appendFileSync, existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { answerRequests } from './answer-requests.ts'
import { messagesSocket } from './messages-socket.ts'

/**
 * A Messages that runs already, in this process, for every osascript of the simulator in `dir`. Without it each of them
 * starts a process of its own, which costs more than the send.
 */
export const serveMessages = (dir: string): { readonly close: () => void } => {
  const log = (line: string): void => appendFileSync(join(dir, 'messages-app.log'), `here: ${line}\n`)
  const server = createServer(socket => {
    answerRequests({ dir, input: socket, output: socket, log }).catch(error => {
      socket.destroy()
      // Whoever asks a simulator whose folder is gone is hung up on, and nobody is left to be told.
      if (existsSync(dir)) log(`failed: ${error}`)
    })
  })
  server.listen(messagesSocket(dir))
  return { close: () => void server.close() }
}
