import { useState } from 'preact/hooks'

type Props = {
  readonly label: string
  readonly value: number
  readonly min: number
  readonly max: number
  readonly step: number
  /** What was typed is to hold: the field was left, or Enter was pressed. */
  readonly onCommit: (value: number) => void
}

/** A field for a number. What is typed stays in it while the page is drawn anew, until it is committed. */
export function NumberField({ label, value, onCommit, ...bounds }: Props) {
  const [draft, setDraft] = useState<string>()
  return (
    <label>
      {label}
      <input
        type="number"
        {...bounds}
        value={draft ?? value}
        onInput={({ currentTarget }) => setDraft(currentTarget.value)}
        onChange={({ currentTarget }) => {
          onCommit(Number(currentTarget.value))
          setDraft(undefined)
        }}
        onBlur={() => setDraft(undefined)}
      />
    </label>
  )
}
