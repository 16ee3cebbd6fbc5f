/** Above the editor: cells to start from, and ways for a cell out of the page. */
import { useState } from 'preact/hooks'
import { notify } from '../ui/notices.js'
import { starterNamed, starterOf, starters } from './starters.js'

type Props = {
  readonly text: string
  /** What the cell is called, as far as that is known. */
  readonly name: string | undefined
  /** One of the texts to start from was chosen. */
  readonly onStart: (text: string) => void
}

export function Toolbar({ text, name, onStart }: Props) {
  const [isCopied, setCopied] = useState(false)
  return (
    <form class="settings toolbar" onSubmit={event => event.preventDefault()}>
      <label>
        Start from
        <select
          value={starterOf(text)?.name ?? ''}
          onChange={({ currentTarget }) => onStart(starterNamed(currentTarget.value).text)}
        >
          {!starterOf(text) && <option value="">your text</option>}
          {starters.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <button
        type="button"
        onClick={async () => {
          setCopied(await copyLink())
          setTimeout(() => setCopied(false), 3000)
        }}
      >
        {isCopied ? 'Link copied' : 'Copy link'}
      </button>
      <button
        type="button"
        title="A file that xenograd train --cell takes"
        onClick={() => download(text, name ?? 'cell')}
      >
        Download .js
      </button>
    </form>
  )
}

/** Whether the address, which has the cell and all settings, is on the clipboard; says what to do where it is not. */
async function copyLink(): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(location.href)
    return true
  } catch {
    notify('information', 'This browser lets nothing be copied; the address of this page is the link.')
    return false
  }
}

/** Saves a text as JavaScript, which every version of Node takes. */
async function download(text: string, name: string): Promise<void> {
  const { stripTypes } = await import('../work/stripTypes.js')
  let code: string
  try {
    code = stripTypes(text)
  } catch (error) {
    return notify(
      'error',
      `not downloaded, as this is no JavaScript or TypeScript yet: ${error instanceof Error ? error.message : error}`,
    )
  }
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }))
  link.download = `${name.replaceAll(/[^\w-]+/g, '_')}.js`
  link.click()
  // The browser reads the file after the click.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
