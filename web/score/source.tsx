import { useState } from 'preact/hooks'
import { FileInput } from '../ui/fileInput.js'
import type { OwnModels } from '../work/index.js'

type Props = {
  readonly models: OwnModels | undefined
  readonly onModels: (models: OwnModels | undefined) => void
  readonly onFiles: (files: readonly File[]) => void
}

/** Where reads come from: files, the clipboard, or the example; and what scores them. */
export function Source({ models, onModels, onFiles }: Props) {
  const example = async (): Promise<void> => onFiles([(await import('./example.js')).exampleFile()])
  return (
    <>
      <FileInput label="Choose files" onFiles={onFiles}>
        <p>or drop them here: FASTA or FASTQ, plain or gzip</p>
        <p>
          <button type="button" class="link" onClick={() => void example()}>
            Try it with an example
          </button>{' '}
          of synthetic reads
        </p>
      </FileInput>
      <div class="choices">
        <Paste onFiles={onFiles} />
        <Models models={models} onModels={onModels} />
      </div>
    </>
  )
}

function Paste({ onFiles }: Pick<Props, 'onFiles'>) {
  const [text, setText] = useState('')
  return (
    <details>
      <summary>Paste reads</summary>
      <form
        onSubmit={event => {
          event.preventDefault()
          onFiles([new File([withHeader(text)], 'pasted.fa')])
        }}
      >
        <label>
          FASTA, FASTQ, or one sequence
          <textarea
            rows={6}
            spellcheck={false}
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        </label>
        <button type="submit" disabled={text.trim() === ''}>
          Score these
        </button>
      </form>
    </details>
  )
}

/** Pasted text, as a FASTA record where it is nothing but letters. */
const withHeader = (text: string): string => (/^[A-Za-z\s*-]+$/.test(text) ? `>pasted\n${text}\n` : text)

function Models({ models, onModels }: Pick<Props, 'models' | 'onModels'>) {
  const [foreground, setForeground] = useState<File>()
  const [background, setBackground] = useState<File>()
  const choose = (next: File | undefined, other: File | undefined): void => {
    setForeground(next)
    setBackground(other)
    onModels(next && { foreground: next, ...(other && { background: other }) })
  }
  return (
    <details>
      <summary>{models ? `Detector: ${models.foreground.name}` : 'Use a detector of your own'}</summary>
      <div class="settings">
        <label>
          Detector, or model of known reads (.safetensors)
          <input
            type="file"
            accept=".safetensors"
            onChange={({ currentTarget }) => choose(currentTarget.files?.[0], background)}
          />
        </label>
        <label>
          Background model, if the first is a single model
          <input
            type="file"
            accept=".safetensors"
            onChange={({ currentTarget }) => choose(foreground, currentTarget.files?.[0])}
          />
        </label>
      </div>
      <p class="note">
        As <code>xenograd fit</code>, <code>calibrate</code> and <code>train</code> write them; the next file
        that you drop is scored by it.
      </p>
    </details>
  )
}
