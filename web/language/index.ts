/**
 * What TypeScript knows of a cell that is being written: errors, completions, meanings, from its own language service in a
 * worker (`worker`), with the declarations of the doors that a cell imports from (`vite/declarations`). `protocol` has the
 * questions. All of it is 1 MB compressed, and loaded when an editor is opened.
 */
import type { Answer, Ask, QuestionName, Questions } from './protocol.js'

export type { Completion, Diagnostic, Meaning } from './protocol.js'

/** Whom to ask about a cell's text. */
export type LanguageService = {
  /** Rejects with Error when the worker cannot be loaded, or TypeScript fails. */
  ask<N extends QuestionName>(name: N, question: Questions[N]['question']): Promise<Questions[N]['answer']>
  close(): void
}

/** Start TypeScript in a worker. */
export function openLanguageService(): LanguageService {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  const waiting = new Map<number, { resolve(answer: never): void; reject(error: Error): void }>()
  let questions = 0
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    const asked = waiting.get(data.id)
    waiting.delete(data.id)
    if ('error' in data) asked?.reject(new Error(data.error))
    else asked?.resolve(data.answer as never)
  }
  worker.onerror = ({ message }) => {
    for (const { reject } of waiting.values())
      reject(new Error(message || 'TypeScript cannot be loaded; load the page again'))
    waiting.clear()
  }
  return {
    ask: (name, question) =>
      new Promise((resolve, reject) => {
        const id = questions++
        waiting.set(id, { resolve, reject })
        worker.postMessage({ id, name, question } as Ask)
      }),
    close: () => worker.terminate(),
  }
}
