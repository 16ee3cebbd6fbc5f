import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A document that the page shows. */
export type Chapter = {
  /** Its name in addresses. */
  readonly id: string
  /** Its file, from the project's root. */
  readonly file: string
  readonly title: string
  /** What is said of it in lists: its first paragraph's first sentence, in Markdown. */
  readonly summary: string
  readonly text: string
  /** Whether it is the guide's own; others are documents of the project that are read elsewhere, too. */
  readonly own: boolean
}

/** The guide's chapters in the order in which they are read, then what the project has beside them. */
const files = [
  'web/guide/chapters/likelihoodRatios.md',
  'web/guide/chapters/scoreInAPipe.md',
  'web/guide/chapters/firstModel.md',
  'web/guide/chapters/writeACell.md',
  'web/guide/chapters/addAnOperation.md',
  'web/guide/chapters/addADevice.md',
  'engine/GUIDE.md',
  'eval/STUDY.md',
  'CONTRIBUTING.md',
]

/** Reads all chapters. `root`: the project's. */
export const readChapters = (root: string): Chapter[] =>
  files.map(file => {
    const text = readFileSync(join(root, file), 'utf8')
    const [, title = file] = /^# (.*)$/m.exec(text) ?? []
    const [paragraph = ''] = text.replace(/^# .*\n+/, '').split('\n\n')
    const id = file.replace(/^.*\/|\.md$/g, '')
    const own = file.startsWith('web/')
    return { id: own ? id : id.toLowerCase(), file, title, summary: firstSentence(paragraph), text, own }
  })

/** The first sentence of a text in Markdown, up to a list in it: what the text begins with. */
export function firstSentence(text: string): string {
  const [paragraph] = text.split(/\n(?=\n|- )/)
  // "Ren et al. (2019)" goes on.
  return /^[\s\S]*?(?<! al)[.!?](?=\s+[^a-z]|\s*$)/.exec(paragraph)?.[0] ?? paragraph
}
