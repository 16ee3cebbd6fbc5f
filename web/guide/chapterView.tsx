import { chapters } from 'virtual:documents/contents'
import { addresses } from './addresses.js'
import type { ListedChapter } from './documents.js'
import { Html } from './html.js'
import { useLoaded } from './useLoaded.js'

type Props = { readonly chapter: ListedChapter }

/** A chapter, with a way to the one before and the one after it. */
export function ChapterView({ chapter }: Props) {
  const html = useLoaded(chapter.load)
  if (html === undefined) return <p class="loading">Loading…</p>
  const position = chapters.indexOf(chapter)
  return (
    <article>
      <Html html={html} class="text" />
      <nav class="turn" aria-label="Chapters">
        <Turn chapter={chapters[position - 1]} label="Before" />
        <Turn chapter={chapters[position + 1]} label="Next" />
      </nav>
    </article>
  )
}

function Turn({ chapter, label }: { readonly chapter: ListedChapter | undefined; readonly label: string }) {
  if (!chapter) return <span />
  return (
    <a href={addresses.chapter(chapter.id)} class={`turn-link ${label.toLowerCase()}`}>
      <span class="note">{label}</span>
      {chapter.title}
    </a>
  )
}
