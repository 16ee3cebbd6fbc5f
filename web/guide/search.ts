import passages from 'virtual:documents/search'
import MiniSearch, { type SearchResult } from 'minisearch'
import type { Passage } from './documents.js'

/** Names such as `softmaxCrossEntropy` are found by their words, too. */
const words = (text: string): string[] =>
  text
    .split(/[^\p{L}\p{N}_]+/u)
    .flatMap(word => [word, ...(/[a-z][A-Z]/.test(word) ? word.split(/(?<=[a-z])(?=[A-Z])/) : [])])
    .filter(Boolean)

const index = new MiniSearch<Passage>({
  idField: 'address',
  fields: ['title', 'text'],
  storeFields: ['address', 'title', 'place', 'text'],
  tokenize: words,
  searchOptions: {
    boost: { title: 6 },
    prefix: true,
    fuzzy: term => (term.length > 4 ? 0.2 : false),
    combineWith: 'AND',
  },
})
index.addAll(passages)

/** The passages that a query fits best, the best one first: whole names before parts of them. */
export function search(query: string, most = 12): Passage[] {
  const exact = query.trim().toLowerCase()
  return index
    .search(query, {
      boostDocument: (_, __, stored) => (String(stored?.title).toLowerCase() === exact ? 20 : 1),
    })
    .slice(0, most)
    .map(({ address, title, place, text }: SearchResult) => ({ address, title, place, text }))
}
