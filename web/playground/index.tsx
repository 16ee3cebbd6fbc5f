/**
 * The view `#playground`: a cell is written (`editor`, from one of `starters`), run, checked (`verdict`), drawn as it is
 * compiled (`kernels`, placed by `layers`), and trained beside the built-in LSTM (`training`, `curves`). Its text is kept
 * in the address (`packed`), so a link is an experiment. All code of the user's runs in workers.
 */
import { useEffect, useRef, useState } from 'preact/hooks'
import { notify } from '../ui/notices.js'
import { keepInAddress, route } from '../ui/route.js'
import { useTask } from '../ui/useTask.js'
import type { CellProblem, Outline } from '../work/index.js'
import { Editor } from './editor.js'
import { KernelGraph } from './kernels.js'
import { pack, unpack } from './packed.js'
import { starterOf, starters } from './starters.js'
import { hiddenSizes, learningRates, length, Training, type TrainingSettings } from './training.js'
import { type Verdict, VerdictOf } from './verdict.js'

/** The choice that a text of the address names, if there is one. */
const oneOf = <T,>(choices: readonly T[], text: string | null, otherwise: T): T =>
  choices.find(choice => String(choice) === text) ?? otherwise

/** How long nobody has typed before a text is run, in milliseconds. */
const pause = 600
/** How long a text may take before it is taken for endless, in milliseconds. */
const patience = 20_000

const settingsOf = (parameters: URLSearchParams): TrainingSettings => ({
  hidden: oneOf(hiddenSizes, parameters.get('hidden'), 32),
  learningRate: oneOf(learningRates, parameters.get('rate'), 0.01),
  seed: oneOf([1, 2, 3, 4, 5], parameters.get('seed'), 1),
})

export function PlaygroundView() {
  const { parameters } = route.value
  const packed = parameters.get('text')
  const [settings, setSettings] = useState(settingsOf(parameters))
  const [starter, setStarter] = useState(starterOf(parameters.get('cell')))
  const [text, setText] = useState(packed === null ? starter.text : '')
  /** Whether the text is the reader's own: one from a link waits for a word of theirs. */
  const [isTrusted, trust] = useState(packed === null)

  useEffect(() => {
    if (packed === null) return
    unpack(packed).then(setText, (error: Error) => {
      notify('error', error.message)
      setText(starter.text)
      trust(true)
    })
  }, [])
  useEffect(() => {
    const choices = {
      hidden: `${settings.hidden}`,
      rate: `${settings.learningRate}`,
      seed: `${settings.seed}`,
    }
    if (text === '') return
    if (text === starter.text) keepInAddress('playground', { cell: starter.name, ...choices })
    else void pack(text).then(text => keepInAddress('playground', { text, ...choices }))
  }, [text, starter, settings])

  const { verdict, name, outline } = useExamination(isTrusted ? text : '', settings.hidden)
  return (
    <>
      <h1>Write a recurrent cell</h1>
      <p class="lead">
        Ten lines of tensor maths are a cell: its backward pass is derived, its gradients are checked against
        finite differences, its kernels are WebAssembly made for it, and it trains beside the built-in LSTM.{' '}
        <strong>All of it in this tab.</strong>
      </p>
      <div class="playground">
        <section aria-labelledby="cell-heading">
          <h2 id="cell-heading">Cell</h2>
          <form class="settings toolbar" onSubmit={event => event.preventDefault()}>
            <label>
              Start from
              <select
                value={starter.name}
                onChange={({ currentTarget }) => {
                  const next = starterOf(currentTarget.value)
                  setStarter(next)
                  setText(next.text)
                  trust(true)
                }}
              >
                {starters.map(({ name }) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </label>
            <button type="button" onClick={copyLink}>
              Copy link
            </button>
            <button type="button" onClick={() => download(text, name ?? 'cell')}>
              Download .ts
            </button>
          </form>
          <Editor
            text={text}
            onChange={next => {
              setText(next)
            }}
            problem={verdict.kind === 'wrong' ? verdict.problem : undefined}
          />
        </section>
        <section aria-labelledby="verdict-heading">
          <h2 id="verdict-heading">Gradients</h2>
          <VerdictOf verdict={verdict} />
          {!isTrusted && text !== '' && (
            <button type="button" class="primary" onClick={() => trust(true)}>
              Run this cell
            </button>
          )}
          <h2>Training</h2>
          <Training text={text} name={name} settings={settings} onSettings={setSettings} />
        </section>
      </div>
      {outline && (
        <section aria-labelledby="kernels-heading">
          <h2 id="kernels-heading">Kernels of a step, forward and backward</h2>
          <KernelGraph outline={outline} />
        </section>
      )}
    </>
  )
}

async function copyLink(): Promise<void> {
  try {
    await navigator.clipboard.writeText(location.href)
    notify('information', 'The link is on the clipboard: it has the cell and all settings in it.')
  } catch {
    notify('information', 'The address of this page has the cell and all settings in it: copy it from there.')
  }
}

function download(text: string, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/typescript' }))
  link.download = `${name}.ts`
  link.click()
  URL.revokeObjectURL(link.href)
}

type Examination = { readonly verdict: Verdict; readonly name?: string; readonly outline?: Outline }

/** Has a text run some time after it was changed, and tells what comes of it; an empty text is not run. */
function useExamination(text: string, hidden: number): Examination {
  const [examination, setExamination] = useState<Examination>({ verdict: { kind: 'waiting' } })
  const broken = (stage: 'text' | 'step' | 'properties', problem: CellProblem): void =>
    setExamination(before => ({ ...before, verdict: { kind: 'wrong', stage, problem } }))
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const task = useTask('examine', {
    onReport(report) {
      switch (report.kind) {
        case 'loaded':
          return setExamination(before => ({ ...before, name: report.name }))
        case 'outlined':
          return setExamination(before => ({ ...before, outline: report.outline }))
        case 'checked':
          clearTimeout(timer.current)
          if (report.problem) return broken('properties', report.problem)
          return setExamination(before => ({
            ...before,
            verdict: { kind: 'sound', seconds: report.seconds },
          }))
        case 'broken':
          clearTimeout(timer.current)
          return setExamination({ verdict: { kind: 'wrong', stage: report.stage, problem: report.problem } })
        default:
          report satisfies never
      }
    },
  })
  useEffect(() => {
    if (text === '') return
    const start = setTimeout(() => {
      setExamination(({ outline }) => ({ verdict: { kind: 'running' }, ...(outline && { outline }) }))
      task.start({ text, hidden, length, batchSize: 50 })
      clearTimeout(timer.current)
      timer.current = setTimeout(() => {
        task.stop()
        broken('step', {
          message: `no answer within ${patience / 1000} s: is there a loop without an end? It was stopped.`,
        })
      }, patience)
    }, pause)
    return () => clearTimeout(start)
  }, [text, hidden])
  return examination
}
