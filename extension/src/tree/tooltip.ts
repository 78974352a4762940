/** A tooltip of paragraphs. What is given is plain text: nothing in it becomes a link, an image or a heading. */
export function tooltip(...paragraphs: readonly (string | null)[]): string {
  return paragraphs
    .filter((text) => text !== null && text !== "")
    .map((text) => escapeMarkdown(text ?? ""))
    .join("\n\n");
}

function escapeMarkdown(text: string): string {
  const oneLine = text.replaceAll(/\s+/g, " ").trim();
  return oneLine
    .replaceAll(/[\\`*_{}[\]()#+\-.!|~:$@^=]/g, String.raw`\$&`)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
