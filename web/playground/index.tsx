/**
 * The view `#playground`: a cell is written, and beside it stands what comes of it. An `experiment` (text and `settings`) is
 * opened from the address, which keeps it (`packed`), so a link is an experiment. The text, from one of `starters`, is in the
 * `editor` below its `toolbar`. `useExamination` has it run in a worker: that gives the `verdict`, and the `kernels` of a step
 * as a graph (placed by `layers`, in the words of `kernelWords`) with the compiler's `remarks`. `training` trains it beside
 * the built-in LSTM: its `form`, its `progress`, `curves` and `comparison`.
 */
import './playground.css'
import { useEffect, useState } from 'preact/hooks'
import { route } from '../ui/route.js'
import { Editor } from './editor.js'
import { keepExperiment, type Opened, openExperiment } from './experiment.js'
import { KernelGraph } from './kernels.js'
import { Toolbar } from './toolbar.js'
import { Training } from './training.js'
import { useExamination } from './useExamination.js'
import { Untrusted, VerdictOf } from './verdict.js'

export function PlaygroundView() {
  const query = route.value.parameters.toString()
  const [shown, setShown] = useState<{ readonly query: string; readonly opened: Opened }>()
  useEffect(() => {
    let isLatest = true
    openExperiment(query).then(opened => isLatest && setShown({ query, opened }))
    return () => {
      isLatest = false
    }
  }, [query])
  return (
    <>
      <h1>Write a recurrent cell</h1>
      <p class="lead">
        Ten lines of tensor maths are a cell: its backward pass is derived, its gradients are checked against
        finite differences, its kernels are WebAssembly made for it, and it trains beside the built-in LSTM.{' '}
        <strong>All of it in this tab.</strong>
      </p>
      {shown?.query === query && <Playground key={query} {...shown.opened} />}
    </>
  )
}

function Playground({ experiment, isTrusted }: Opened) {
  const [start, setStart] = useState<{ readonly text: string }>(experiment)
  const [text, setText] = useState(experiment.text)
  const [settings, setSettings] = useState(experiment.settings)
  const [mayRun, allow] = useState(isTrusted)
  useEffect(() => {
    let isLatest = true
    void keepExperiment({ text, settings }, mayRun, () => isLatest)
    return () => {
      isLatest = false
    }
  }, [text, settings, mayRun])
  const { verdict, name, outline } = useExamination(mayRun ? text : undefined, settings)
  return (
    <div class="playground">
      <section aria-labelledby="cell-heading">
        <h2 id="cell-heading">Cell</h2>
        <Toolbar
          text={text}
          name={name}
          onStart={text => {
            setStart({ text })
            setText(text)
            allow(true)
          }}
        />
        <Editor
          start={start}
          onChange={setText}
          problem={verdict.kind === 'wrong' ? verdict.problem : undefined}
        />
      </section>
      <section aria-labelledby="gradients-heading">
        <h2 id="gradients-heading">Gradients</h2>
        {mayRun ? <VerdictOf verdict={verdict} /> : <Untrusted onRun={() => allow(true)} />}
        <h2>Training</h2>
        <Training text={text} name={name} settings={settings} onSettings={setSettings} />
      </section>
      {outline && (
        <section class="wide" aria-labelledby="kernels-heading">
          <h2 id="kernels-heading">Kernels of a training step</h2>
          <KernelGraph outline={outline} />
        </section>
      )}
    </div>
  )
}
