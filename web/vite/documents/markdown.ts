import { Marked, type Tokens } from 'marked'
import { escapeHtml, highlight } from './highlight.js'

/** What texts are rendered with: where names and files that they mention are shown. */
export type Links = {
  /** The address of a public name, if it is one. */
  readonly ofName: (name: string) => string | undefined
  /** The address of what a link names, a file of the project beside an anchor; undefined where the page does not show it. */
  readonly ofFile: (target: string) => string | undefined
  /** The text of a picture, an SVG file. */
  readonly picture: (target: string) => string
}

/** A heading within a document, and the text up to the next one. */
export type Section = { readonly anchor: string; readonly title: string; readonly text: string }

/** A rendered document. */
export type Rendered = {
  readonly html: string
  /** Of the second level. */
  readonly sections: readonly Section[]
}

/** The anchor of a heading, as GitHub and npm make it. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

/** HTML's text. */
export const plainText = (html: string): string =>
  html
    .replace(/<svg[\s\S]*?<\/svg>/g, ' ')
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
    .trim()

/** Code with its colours. It can be scrolled by keyboard, which a box without a focus cannot. */
export const codeBlock = (code: string, language: string): string =>
  `<pre class="code" tabindex="0"><code>${highlight(code.replace(/\n$/, ''), language)}</code></pre>`

/** A renderer of Markdown for the page. */
export function makeMarkdown(links: Links): (text: string) => Rendered {
  let sections: { anchor: string; title: string }[] = []
  const marked = new Marked({
    renderer: {
      // The rest of the word is about how the tests run it.
      code: ({ text, lang }: Tokens.Code) => codeBlock(text, (lang ?? '').split(' ')[0]),
      codespan({ text }: Tokens.Codespan) {
        // Words without a capital are as often names of parameters, fields and values: `reference:` links to these.
        const address = /[a-z][A-Z]|^[A-Z][a-z]/.test(text) ? links.ofName(text) : undefined
        const code = `<code>${escapeHtml(text)}</code>`
        return address ? `<a href="${escapeHtml(address)}">${code}</a>` : code
      },
      heading({ depth, text, tokens }: Tokens.Heading) {
        const inner = this.parser.parseInline(tokens)
        const anchor = anchorOf(text)
        if (depth === 2) sections.push({ anchor, title: plainText(inner) })
        if (depth === 1) return `<h1>${inner}</h1>\n`
        const address = links.ofFile(`#${anchor}`)
        const content = address ? `<a class="anchor" href="${escapeHtml(address)}">${inner}</a>` : inner
        return `<h${depth} id="${anchor}">${content}</h${depth}>\n`
      },
      link({ href, tokens }: Tokens.Link) {
        const inner = this.parser.parseInline(tokens)
        const [, name] = /^reference:(\w+)$/.exec(href) ?? []
        if (name) return `<a href="${escapeHtml(links.ofName(name) ?? '')}">${inner}</a>`
        if (/^[a-z]+:/.test(href)) return `<a href="${escapeHtml(href)}">${inner}</a>`
        const address = links.ofFile(href)
        if (address) return `<a href="${escapeHtml(address)}">${inner}</a>`
        return `<span class="file" title="${escapeHtml(href.replace(/^(\.\.\/)+/, ''))}">${inner}</span>`
      },
      image({ href, text, title }: Tokens.Image) {
        const svg = links
          .picture(href)
          .replace(/<\?xml.*?\?>|<!--[\s\S]*?-->/g, '')
          .trim()
        const label = `role="img" aria-label="${escapeHtml(text)}"`
        const caption = title ? `<figcaption>${escapeHtml(title)}</figcaption>` : ''
        return `<figure class="scroll">${svg.replace('<svg ', `<svg ${label} `)}${caption}</figure>`
      },
      table(token: Tokens.Table) {
        const row = (cells: Tokens.TableCell[], tag: string): string =>
          `<tr>${cells
            .map(cell => [this.parser.parseInline(cell.tokens), cell.text ? tag : 'td'])
            .map(([html, element]) => `<${element}>${html}</${element}>`)
            .join('')}</tr>`
        const body = token.rows.map(cells => row(cells, 'td')).join('\n')
        return `<div class="scroll" tabindex="0"><table><thead>${row(token.header, 'th')}</thead><tbody>${body}</tbody></table></div>\n`
      },
    },
  })
  return text => {
    sections = []
    // A picture is a block of its own, which no paragraph may be around.
    const html = (marked.parse(text, { async: false }) as string).replace(
      /<p>(<figure[\s\S]*?<\/figure>)<\/p>/g,
      '$1',
    )
    const starts = sections.map(({ anchor }) => html.indexOf(`<h2 id="${anchor}">`))
    const ofSections = sections.map(({ anchor, title }, i) => ({
      anchor,
      title,
      text: plainText(html.slice(starts[i], starts[i + 1]).replace(/^<h2.*?<\/h2>/, '')),
    }))
    const before = {
      anchor: '',
      title: '',
      text: plainText(html.slice(0, starts[0]).replace(/<h1>.*?<\/h1>/, '')),
    }
    return { html, sections: [before, ...ofSections] }
  }
}
