import { addresses } from './addresses.js'
import type { EntryPage, ListedModule } from './documents.js'
import { Html, InlineHtml } from './html.js'

type Props = { readonly module: ListedModule; readonly entry: EntryPage }

/** All that is said of a name. */
export const EntryView = ({ module, entry }: Props) => (
  <article>
    <p class="place">
      <a href={addresses.module(module.id)}>
        <code>{module.name}</code>
      </a>{' '}
      <span class="note">{entry.kind}</span>
    </p>
    <h1>
      <code>{entry.name}</code>
    </h1>
    <Description entry={entry} />
    {entry.members.length > 0 && <h2>{entry.kind === 'namespace' ? 'Functions' : 'Members'}</h2>}
    {entry.members.length > 5 && (
      <p class="index">
        {entry.members.map(({ name }) => (
          <a key={name} href={addresses.member(module.id, entry.name, name)}>
            <code>{name}</code>
          </a>
        ))}
      </p>
    )}
    {entry.members.map(member => (
      <section key={member.name} class="member">
        <h3 id={member.name}>
          <a href={addresses.member(module.id, entry.name, member.name)}>
            <code>{member.name}</code>
          </a>
        </h3>
        <Description entry={member} />
      </section>
    ))}
    {entry.source ? (
      <details class="source">
        <summary>Source: {entry.place}</summary>
        <Html html={entry.source} />
      </details>
    ) : (
      entry.place && <p class="note">Source: {entry.place}</p>
    )}
  </article>
)

const Description = ({ entry }: { readonly entry: EntryPage }) => (
  <>
    <Html html={entry.signature} />
    <Html html={entry.html} class="text" />
    {entry.parameters.length > 0 && (
      <dl class="parts">
        {entry.parameters.map(({ name, html }) => (
          <div key={name}>
            <dt>
              <code>{name}</code>
            </dt>
            <dd>
              <InlineHtml html={html} />
            </dd>
          </div>
        ))}
      </dl>
    )}
    <Part title="Returns" texts={entry.returns ? [entry.returns] : []} />
    <Part title="Throws" texts={entry.throws} />
    {entry.examples.map(html => (
      <div key={html}>
        <p class="part">Example</p>
        <Html html={html} />
      </div>
    ))}
  </>
)

const Part = ({ title, texts }: { readonly title: string; readonly texts: readonly string[] }) =>
  texts.length ? (
    <div class="part-of">
      <p class="part">{title}</p>
      {texts.map(html => (
        <p key={html}>
          <InlineHtml html={html} />
        </p>
      ))}
    </div>
  ) : null
