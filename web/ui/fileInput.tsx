import type { ComponentChildren } from 'preact'
import { useRef, useState } from 'preact/hooks'

type Props = {
  /** What the button says. */
  readonly label: string
  readonly onFile: (file: File) => void
  readonly children?: ComponentChildren
}

/** A place to drop a file on, with a button that chooses one. */
export function FileInput({ label, onFile, children }: Props) {
  const input = useRef<HTMLInputElement>(null)
  const [over, setOver] = useState(false)
  const take = (files: FileList | null | undefined): void => {
    const file = files?.[0]
    if (file) onFile(file)
  }
  return (
    <section
      class={`drop ${over ? 'over' : ''}`}
      aria-label="Drop a file here"
      onDragOver={event => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={event => {
        event.preventDefault()
        setOver(false)
        take(event.dataTransfer?.files)
      }}
    >
      <button type="button" class="primary" onClick={() => input.current?.click()}>
        {label}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        aria-label={label}
        onChange={({ currentTarget }) => {
          take(currentTarget.files)
          // The same file again is a choice, too.
          currentTarget.value = ''
        }}
      />
      {children}
    </section>
  )
}
