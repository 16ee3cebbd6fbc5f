import type { ComponentChildren } from 'preact'
import { useRef, useState } from 'preact/hooks'

type Props = {
  /** What the button says. */
  readonly label: string
  /** Called with one file or several, never with none. */
  readonly onFiles: (files: readonly File[]) => void
  readonly children?: ComponentChildren
}

/** A place to drop files on, with a button that chooses some. */
export function FileInput({ label, onFiles, children }: Props) {
  const input = useRef<HTMLInputElement>(null)
  const [over, setOver] = useState(false)
  const take = (files: FileList | null | undefined): void => {
    if (files?.length) onFiles([...files])
  }
  return (
    <section
      class={`drop ${over ? 'over' : ''}`}
      aria-label="Drop files here"
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
        multiple
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
