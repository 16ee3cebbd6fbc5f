import { nodeModule } from '../../shared/node.js'

/** Threads as Node and as browsers have them: whether there are any, how to start them and how to talk to them. */

type NodeThreads = typeof import('node:worker_threads')

const nodeThreads = (): NodeThreads | undefined => nodeModule('node:worker_threads')

/** Whether threads can be started that share memory: in Node, and in pages that are cross-origin isolated. */
export const hasThreads = (): boolean =>
  nodeThreads() !== undefined ||
  (globalThis.crossOriginIsolated === true && typeof globalThis.Worker === 'function')

/** Whether the calling thread may sleep: the main thread of a page may not. */
export const mayBlock = (): boolean => nodeThreads() !== undefined || typeof document === 'undefined'

/** A worker as its parent sees it. */
export type WorkerThread = {
  /** Send it a message. */
  post(message: unknown): void
  /** Whether the process is to stay alive for its messages. */
  hold(on: boolean): void
  /** End it, whatever it is doing. */
  stop(): Promise<void>
}

/** Called with each message of a worker. */
type OnMessage = (message: unknown) => void
/** Called when a worker ends, unless it was stopped. */
type OnEnd = (reason: string) => void

/** Start a worker of this device (worker.ts). */
export function startWorker(onMessage: OnMessage, onEnd: OnEnd): WorkerThread {
  const threads = nodeThreads()
  return threads ? startInNode(threads, onMessage, onEnd) : startInPage(onMessage, onEnd)
}

function startInNode({ Worker }: NodeThreads, onMessage: OnMessage, onEnd: OnEnd): WorkerThread {
  // Flags of the caller's command line (`--input-type`, `--test` …) are not for the workers.
  const worker = new Worker(new URL(/* @vite-ignore */ './worker.js', import.meta.url), { execArgv: [] })
  let stopped = false
  worker.on('message', onMessage)
  worker.on('error', error => onEnd(error.message))
  worker.on('exit', code => stopped || onEnd(`it ended with code ${code}`))
  worker.unref()
  return {
    post: message => worker.postMessage(message),
    hold: on => (on ? worker.ref() : worker.unref()),
    async stop() {
      stopped = true
      await worker.terminate()
    },
  }
}

function startInPage(onMessage: OnMessage, onEnd: OnEnd): WorkerThread {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
  worker.onmessage = ({ data }) => onMessage(data)
  worker.onerror = ({ message }) => onEnd(message ?? 'its script cannot be loaded')
  return {
    post: message => worker.postMessage(message),
    hold() {},
    async stop() {
      worker.terminate()
    },
  }
}

/** A worker's way to talk to its parent. */
type ParentPort = {
  onmessage: ((event: { readonly data: unknown }) => void) | null
  postMessage(message: unknown): void
}

/** The calling worker's parent. */
export const parentPort = (): ParentPort => (nodeThreads()?.parentPort ?? globalThis) as ParentPort
