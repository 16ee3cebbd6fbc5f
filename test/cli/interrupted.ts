/** What the child processes of interrupt.test.ts run: a command that puts things in order for ever. */
import { interrupted, watchInterrupts } from '../../cli/interrupt.js'

watchInterrupts()
const forEver = setInterval(() => {}, 1000)
interrupted.addEventListener('abort', () => process.stdout.write('interrupted\n'))
process.on('SIGUSR2', () => clearInterval(forEver))
process.stdout.write('ready\n')
