import type { Request, Response, TaskName, Tasks } from './protocol.js'
import { score } from './score.js'
import type { TaskContext } from './task.js'
import { track } from './track.js'
import { train } from './train.js'

// A worker of the page: does one task, and answers as `protocol` says.

type TaskFunction<N extends TaskName> = (
  input: Tasks[N]['input'],
  context: TaskContext<Tasks[N]['report'], Tasks[N]['control']>,
) => Promise<Tasks[N]['result']>

const functions: { readonly [N in TaskName]: TaskFunction<N> } = {
  score,
  track,
  train,
  // With all of the engine and a compiler of TypeScript in it.
  examine: async (input, context) => (await import('./examine.js')).examine(input, context),
}

const post = (response: Response, transfer: readonly Transferable[] = []): void =>
  globalThis.postMessage(response, { transfer: [...transfer] })

const stopping = new AbortController()
let control: Partial<Tasks[TaskName]['control']> = {}
/** Resolves when a pause is over. */
let running = Promise.resolve()
let goOn = (): void => {}

/** Lets messages be read that have come. */
const readMessages = (): Promise<void> =>
  new Promise(resolve => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })

async function run<N extends TaskName>(task: N, input: Tasks[N]['input']): Promise<void> {
  const context: TaskContext<Tasks[N]['report'], Tasks[N]['control']> = {
    report: (report, transfer) => post({ kind: 'report', report }, transfer),
    signal: stopping.signal,
    async turn() {
      await readMessages()
      await running
      stopping.signal.throwIfAborted()
    },
    get control() {
      return control
    },
  }
  try {
    post({ kind: 'done', result: await functions[task](input, context) })
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    post({ kind: 'failed', name, message })
  }
}

globalThis.onmessage = ({ data }: MessageEvent<Request>) => {
  switch (data.kind) {
    case 'start':
      void run(data.task, data.input)
      break
    case 'pause':
      running = new Promise(resolve => {
        const before = goOn // of a pause that is not over
        goOn = () => {
          before()
          resolve()
        }
      })
      break
    case 'resume':
      goOn()
      break
    case 'stop':
      stopping.abort(Object.assign(new Error('stopped'), { name: 'AbortError' }))
      goOn()
      break
    case 'control':
      control = { ...control, ...data.control }
      break
    default:
      data satisfies never
  }
}
