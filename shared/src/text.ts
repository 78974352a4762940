/** The text with a full stop, unless it ends with a punctuation mark already. */
export function asSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
