import { html } from "./html.ts";

export interface ShellOptions {
  readonly title: string;
  /** Random, for this page only: it names the one style and the one script that may run. */
  readonly nonce: string;
  readonly script: string;
  readonly style: string;
}

/**
 * The document of the details view, before its content arrives. Its policy allows nothing from
 * outside, no handlers in attributes, and no style or script without the nonce.
 */
export function shellHtml({ title, nonce, script, style }: ShellOptions): string {
  const policy = `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <style nonce="${nonce}">
          ${{ html: style }}
        </style>
      </head>
      <body>
        <main></main>
        <script nonce="${nonce}">
          ${{ html: script }};
        </script>
      </body>
    </html>`.html;
}
