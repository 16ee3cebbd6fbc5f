/** HTML that was made when the page was built, from texts of the project alone. */
export const Html = ({ html, class: className }: { readonly html: string; readonly class?: string }) =>
  html ? <div class={className} dangerouslySetInnerHTML={{ __html: html }} /> : null

/** The same within a line. */
export const InlineHtml = ({ html }: { readonly html: string }) => (
  <span dangerouslySetInnerHTML={{ __html: html }} />
)
