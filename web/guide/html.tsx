/** HTML that was made when the page was built, from texts of the project alone. */
export const Html = ({ html, class: className }: { readonly html: string; readonly class?: string }) =>
  // biome-ignore lint/security/noDangerouslySetInnerHtml: nothing in it comes from outside of the project
  html ? <div class={className} dangerouslySetInnerHTML={{ __html: html }} /> : null

/** The same within a line. */
export const InlineHtml = ({ html }: { readonly html: string }) => (
  // biome-ignore lint/security/noDangerouslySetInnerHtml: as above
  <span dangerouslySetInnerHTML={{ __html: html }} />
)
