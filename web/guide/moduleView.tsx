import { addresses } from './addresses.js'
import type { EntryPage, ListedModule } from './documents.js'
import { EntryView } from './entryView.js'
import { Html, InlineHtml } from './html.js'
import { useLoaded } from './useLoaded.js'

/** The headings over the kinds of names, in the order in which they are shown. */
const kinds: readonly (readonly [kind: EntryPage['kind'], heading: string])[] = [
  ['function', 'Functions'],
  ['class', 'Classes'],
  ['namespace', 'Namespaces'],
  ['constant', 'Constants'],
  ['type', 'Types'],
]

type Props = { readonly module: ListedModule; readonly name: string }

/** A door of the package with all its names, or one of these. */
export function ModuleView({ module, name }: Props) {
  const page = useLoaded(module.load)
  if (!page) return <p class="loading">Loading…</p>
  const entry = page.entries.find(other => other.name === name)
  if (entry) return <EntryView module={module} entry={entry} />
  return (
    <article>
      <h1>
        <code>{page.name}</code>
      </h1>
      {name && (
        <p class="notice error" role="alert">
          {page.name} has no {name}. Its names are below.
        </p>
      )}
      <p class="lead">
        <InlineHtml html={page.summary} />
      </p>
      {kinds.map(([kind, heading]) => (
        <Names
          key={kind}
          heading={heading}
          id={page.id}
          entries={page.entries.filter(other => other.kind === kind)}
        />
      ))}
      {page.html && (
        <section>
          <h2>How it is built</h2>
          <Html html={page.html} class="text" />
        </section>
      )}
    </article>
  )
}

type NamesProps = { readonly heading: string; readonly id: string; readonly entries: readonly EntryPage[] }

function Names({ heading, id, entries }: NamesProps) {
  if (!entries.length) return null
  return (
    <section>
      <h2>{heading}</h2>
      <dl class="names">
        {entries.map(({ name, summary }) => (
          <div key={name}>
            <dt>
              <a href={addresses.entry(id, name)}>
                <code>{name}</code>
              </a>
            </dt>
            <dd>
              <InlineHtml html={summary} />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
