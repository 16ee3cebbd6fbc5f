import { useEffect, useRef, useState } from 'preact/hooks'
import { notify } from '../ui/notices.js'
import type { Passage } from './documents.js'

type Search = (query: string) => Passage[]

/** The search over guide and reference, loaded when it is first used. `/` goes to it, arrows and Enter choose. */
export function SearchBox() {
  const input = useRef<HTMLInputElement>(null)
  const search = useRef<Promise<Search> | undefined>(undefined)
  const [query, setQuery] = useState('')
  const [results, setResults] = useState<readonly Passage[]>()
  const [chosen, setChosen] = useState(0)

  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement
      if (
        event.key !== '/' ||
        event.ctrlKey ||
        event.metaKey ||
        target.matches('input, textarea, select, [contenteditable]')
      )
        return
      event.preventDefault()
      input.current?.focus()
    }
    addEventListener('keydown', focus)
    return () => removeEventListener('keydown', focus)
  }, [])

  const load = (): Promise<Search> => {
    search.current ??= import('./search.js').then(module => module.search)
    return search.current
  }
  const find = async (text: string) => {
    setQuery(text)
    setChosen(0)
    if (!text.trim()) return setResults(undefined)
    try {
      const found = (await load())(text)
      // An answer that comes after the next letter is not shown.
      if (input.current?.value === text) setResults(found)
    } catch (error) {
      search.current = undefined
      notify('error', `The search cannot be loaded: ${(error as Error).message}`)
    }
  }
  const close = () => {
    setQuery('')
    setResults(undefined)
  }
  const open = (passage: Passage | undefined) => {
    if (!passage) return
    location.hash = passage.address
    close()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const count = results?.length ?? 0
    if (event.key === 'Escape') close()
    else if (event.key === 'Enter') open(results?.[chosen])
    else if (event.key === 'ArrowDown' && count) setChosen((chosen + 1) % count)
    else if (event.key === 'ArrowUp' && count) setChosen((chosen + count - 1) % count)
    else return
    event.preventDefault()
  }
  const shown = results !== undefined
  useEffect(() => {
    document.getElementById(`search-result-${chosen}`)?.scrollIntoView({ block: 'nearest' })
  }, [chosen])
  return (
    <search class="search">
      <input
        ref={input}
        type="search"
        // biome-ignore lint/a11y/noRedundantRoles: without a value, `list` makes it none
        role="combobox"
        list={undefined}
        placeholder="Search"
        aria-label="Search guide and reference"
        aria-keyshortcuts="/"
        aria-expanded={shown}
        aria-controls="search-results"
        aria-autocomplete="list"
        aria-activedescendant={shown && results.length ? `search-result-${chosen}` : undefined}
        autocomplete="off"
        spellcheck={false}
        value={query}
        onFocus={load}
        onInput={event => find(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        onBlur={close}
      />
      <span class="key" aria-hidden="true">
        /
      </span>
      <div id="search-results" role="listbox" aria-label="Search results" hidden={!shown || !results.length}>
        {results?.map((passage, i) => (
          // The box has the focus all the time; its keys do what a click does.
          // biome-ignore lint/a11y/useKeyWithClickEvents: as above
          // biome-ignore lint/a11y/useFocusableInteractive: as above
          <div
            key={passage.address}
            id={`search-result-${i}`}
            role="option"
            aria-selected={i === chosen}
            onMouseDown={event => event.preventDefault()}
            onClick={() => open(passage)}
          >
            <strong>{passage.title}</strong> <span class="note">{passage.place}</span>
            <p>{passage.text.slice(0, 160)}</p>
          </div>
        ))}
      </div>
      <p class="note" role="status">
        {shown && !results.length ? 'Nothing is called so.' : ''}
      </p>
    </search>
  )
}
