import { classHighlighter, highlightCode } from '@lezer/highlight'
import { parser } from '@lezer/javascript'

const typeScript = parser.configure({ dialect: 'ts' })

/** Text as HTML. */
export const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/**
 * Code as HTML, with classes (`tok-keyword`, `tok-comment`, …) that the page's style gives colours. Done when the page is
 * built, so that it costs a reader nothing. `language`: ts and js are parsed; of a shell's only comments stand out.
 */
export function highlight(code: string, language: string): string {
  if (language === 'sh')
    return escapeHtml(code).replace(/(^|\s)(#.*)$/gm, '$1<span class="tok-comment">$2</span>')
  if (language !== 'ts' && language !== 'js') return escapeHtml(code)
  let html = ''
  const put = (text: string, classes: string): void => {
    html += classes ? `<span class="${classes}">${escapeHtml(text)}</span>` : escapeHtml(text)
  }
  highlightCode(code, typeScript.parse(code), classHighlighter, put, () => put('\n', ''))
  return html
}
