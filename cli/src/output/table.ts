/**
 * Columns padded to their widest cell, two spaces apart, without trailing blanks. Cells contain no
 * colours.
 */
export function renderTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  options: {
    readonly right?: readonly number[];
    readonly styleHeader?: (text: string) => string;
  } = {},
): string[] {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return options.right?.includes(column) === true ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  const style = options.styleHeader ?? ((text: string) => text);
  return [style(line(header)), ...rows.map(line)];
}

/** Lines of "Label   value", aligned; fields without a value are left out. */
export function renderFields(fields: readonly (readonly [string, string | undefined])[]): string[] {
  const shown = fields.filter(
    (field): field is readonly [string, string] => field[1] !== undefined,
  );
  const width = Math.max(0, ...shown.map(([label]) => label.length));
  return shown.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`);
}

/** Breaks a text between words so that no line is wider than `width`; a longer word stays whole. */
export function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
