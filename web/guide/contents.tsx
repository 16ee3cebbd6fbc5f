import { chapters, modules } from 'virtual:documents/contents'
import { addresses } from './addresses.js'
import type { ListedChapter } from './documents.js'
import { InlineHtml } from './html.js'

/** What there is to read. */
export const Contents = () => (
  <article>
    <h1>Guide and reference</h1>
    <p class="lead">
      Six short chapters, from the idea to a device of your own, and every public name of the package. All
      code in them is run by the tests.
    </p>
    <h2>Guide</h2>
    <Cards chapters={chapters.filter(({ own }) => own)} />
    <h2>Reference</h2>
    <ul class="cards">
      {modules.map(({ id, name, summary, count }) => (
        <li key={id}>
          <a href={addresses.module(id)}>
            <code>{name}</code>
          </a>
          <p class="card-text">
            <InlineHtml html={summary} /> <span class="note">{count} names.</span>
          </p>
        </li>
      ))}
    </ul>
    <h2>More to read</h2>
    <Cards chapters={chapters.filter(({ own }) => !own)} />
  </article>
)

const Cards = ({ chapters }: { readonly chapters: readonly ListedChapter[] }) => (
  <ul class="cards">
    {chapters.map(({ id, title, summary }) => (
      <li key={id}>
        <a href={addresses.chapter(id)}>{title}</a>
        <p class="card-text">
          <InlineHtml html={summary} />
        </p>
      </li>
    ))}
  </ul>
)
