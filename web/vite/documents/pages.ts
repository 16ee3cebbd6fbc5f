import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { addresses } from '../../guide/addresses.js'
import type { ChapterPage, EntryPage, ModulePage, Passage } from '../../guide/documents.js'
import { type Chapter, firstSentence, readChapters } from './chapters.js'
import { codeBlock, makeMarkdown, plainText, type Rendered } from './markdown.js'
import { type Entry, type ReferenceModule, readReference } from './reference.js'

/** All that the view shows, as HTML, and what its search goes through. */
export type Pages = {
  readonly chapters: readonly ChapterPage[]
  readonly modules: readonly ModulePage[]
  readonly passages: readonly Passage[]
  /** The files that all this is made of; absolute paths. */
  readonly files: readonly string[]
}

type Render = (text: string, file?: string) => Rendered

/** Reads and renders all chapters and the reference. `root`: the project's. @throws Error for a picture that is not there. */
export function makePages(root: string): Pages {
  const chapters = readChapters(root)
  const reference = readReference(root)
  const render = renderer(root, chapters, reference)
  const rendered = chapters.map(chapter => ({ ...chapter, ...render(chapter.text, chapter.file) }))
  const modules = reference.map(module => modulePage(module, render))
  return {
    chapters: rendered.map(({ id, title, own, html, summary }) => ({
      id,
      title,
      own,
      html,
      summary: inline(render(summary)),
    })),
    modules,
    passages: [
      ...rendered.flatMap(({ id, title, sections }) =>
        sections.map(section => ({
          address: addresses.chapter(id, section.anchor),
          title: section.title || title,
          place: section.title ? title : 'Guide',
          text: section.text,
        })),
      ),
      ...modules.flatMap(({ id, name, entries }) => entries.flatMap(entry => passagesOf(id, name, entry))),
    ],
    files: [...chapters.map(({ file }) => file), ...filesOf(reference)].map(file => join(root, file)),
  }
}

const filesOf = (reference: readonly ReferenceModule[]): string[] => [
  ...new Set(reference.flatMap(({ entries }) => entries.map(({ file }) => file))),
]

/** Markdown of any of the documents, with links to each other. */
function renderer(root: string, chapters: readonly Chapter[], reference: readonly ReferenceModule[]): Render {
  const names = new Map(
    [...reference]
      .reverse()
      .flatMap(({ id, entries }) =>
        entries.map(({ name }): [string, string] => [name, addresses.entry(id, name)]),
      ),
  )
  let file = ''
  const markdown = makeMarkdown({
    ofName: name => names.get(name),
    ofFile(target) {
      const [path, anchor] = target.split('#')
      const named = path ? join(dirname(file), path) : file
      // A link to the folder of a view leads to the view.
      const [, view] = /^web\/(score|playground)\/?$/.exec(named) ?? []
      if (view) return `#${view}`
      const chapter = chapters.find(other => other.file === named)
      return chapter && addresses.chapter(chapter.id, anchor)
    },
    picture: target => readFileSync(join(root, dirname(file), target), 'utf8'),
  })
  return (text, path = '') => {
    file = path
    return markdown(text)
  }
}

/** The content of a single paragraph. */
const inline = ({ html }: Rendered): string => html.trim().replace(/^<p>|<\/p>$/g, '')

/** The first sentence; of one that goes on with a list, its beginning. */
const summaryOf = (text: string, render: Render): string =>
  inline(render(firstSentence(text).replace(/[,:]$/, ' …')))

const modulePage = ({ name, id, text, entries }: ReferenceModule, render: Render): ModulePage => ({
  id,
  name,
  summary: summaryOf(text, render),
  html: render(text.slice(firstSentence(text).length)).html,
  entries: entries.map(entry => entryPage(entry, render)),
})

function entryPage(entry: Entry, render: Render): EntryPage {
  const { name, kind, text, parameters, returns, throws, examples, file, line, source, members } = entry
  const said = text || (throws[0] ? `Throws ${throws[0]}` : '')
  return {
    name,
    kind,
    summary: summaryOf(said, render),
    signature: codeBlock(entry.signature, 'ts'),
    html: render(text).html,
    parameters: parameters.map(parameter => ({ name: parameter.name, html: inline(render(parameter.text)) })),
    returns: inline(render(returns)),
    throws: throws.map(condition => inline(render(condition))),
    examples: examples.map(code => codeBlock(code, 'ts')),
    place: source && `${file}, line ${line}`,
    // A type is its signature. Without colours, which would make the reference three times as large.
    source: kind === 'type' || !source ? '' : codeBlock(source, 'text'),
    members: members.map(member => entryPage({ ...member, source: '' }, render)),
  }
}

/** What the search finds of an entry: itself, and its members by `Entry.member`. */
function passagesOf(id: string, place: string, entry: EntryPage): Passage[] {
  const { name, html, throws, members } = entry
  return [
    { address: addresses.entry(id, name), title: name, place, text: plainText([html, ...throws].join(' ')) },
    ...members.map(member => ({
      address: addresses.member(id, name, member.name),
      title: `${name}.${member.name}`,
      place,
      text: plainText(member.html),
    })),
  ]
}
