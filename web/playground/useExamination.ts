import { useEffect, useRef, useState } from 'preact/hooks'
import { useTask } from '../ui/useTask.js'
import type { Outline } from '../work/index.js'
import { batchSize, type Settings } from './settings.js'
import { stageOfCheck, type Verdict } from './verdict.js'

/** What is known of a text. */
export type Examination = {
  readonly verdict: Verdict
  /** The cell's name; undefined while the text cannot be run. */
  readonly name?: string
  /** How its step is compiled; that of the text before, until there is another. */
  readonly outline?: Outline
}

/** How long nobody has typed before a text is run, in milliseconds. */
const pause = 500
/** How long a text may run and be compiled, and how long its gradients may be checked, in seconds. */
const patience = { text: 10, check: 60 } as const

/** Has a text run, some time after it was changed, and tells what comes of it. An `undefined` text is not run. */
export function useExamination(text: string | undefined, { hidden, length }: Settings): Examination {
  const [examination, setExamination] = useState<Examination>({ verdict: { kind: 'running' } })
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const isFirst = useRef(true)
  const conclude = (verdict: Verdict, keep: 'name' | 'nothing'): void => {
    clearTimeout(timer.current)
    setExamination(({ name, outline }) => ({
      verdict,
      ...(outline && { outline }),
      ...(keep === 'name' && name !== undefined && { name }),
    }))
  }
  const expect = (stage: keyof typeof patience): void => {
    clearTimeout(timer.current)
    timer.current = setTimeout(() => {
      task.stop()
      const message = `no answer within ${patience[stage]} seconds: a loop without an end? It was stopped; change the text, and it runs again`
      conclude({ kind: 'wrong', stage: 'endless', problem: { message } }, 'nothing')
    }, 1000 * patience[stage])
  }
  const task = useTask('examine', {
    onReport(report) {
      switch (report.kind) {
        case 'started':
          return expect('text')
        case 'loaded':
          return setExamination(before => ({ ...before, name: report.name }))
        case 'outlined':
          expect('check')
          return setExamination(before => ({ ...before, outline: report.outline }))
        case 'checked': {
          const { problem, seconds } = report
          return conclude(
            problem ? { kind: 'wrong', stage: stageOfCheck(problem), problem } : { kind: 'sound', seconds },
            'name',
          )
        }
        case 'broken':
          return conclude({ kind: 'wrong', stage: report.stage, problem: report.problem }, 'nothing')
        default:
          report satisfies never
      }
    },
  })
  useEffect(() => {
    if (text === undefined) return
    const examine = (): void => {
      conclude({ kind: 'running' }, 'nothing')
      task.start({ text, hidden, length, batchSize })
    }
    const start = setTimeout(examine, isFirst.current ? 0 : pause)
    isFirst.current = false
    return () => clearTimeout(start)
  }, [text, hidden, length])
  useEffect(() => () => clearTimeout(timer.current), [])
  const { status } = task
  return status.kind === 'failed'
    ? { verdict: { kind: 'wrong', stage: 'worker', problem: { message: status.message } } }
    : examination
}
