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
    /** The widest line; without it, nothing is left out. */
    readonly maxWidth?: number;
    /** The columns that may be left out if a line would be wider, the least important first. */
    readonly drop?: readonly number[];
  } = {},
): string[] {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const hidden = hiddenColumns(widths, options.drop ?? [], options.maxWidth ?? Infinity);
  const line = (cells: readonly string[]) =>
    cells
      .flatMap((cell, column) => {
        const width = widths[column] ?? 0;
        if (hidden.has(column)) return [];
        return options.right?.includes(column) === true ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  const style = options.styleHeader ?? ((text: string) => text);
  return [style(line(header)), ...rows.map(line)];
}

function hiddenColumns(
  widths: readonly number[],
  drop: readonly number[],
  maxWidth: number,
): Set<number> {
  const hidden = new Set<number>();
  const total = () =>
    widths.reduce((sum, width, column) => (hidden.has(column) ? sum : sum + width + 2), -2);
  for (const column of drop) {
    if (total() <= maxWidth) break;
    hidden.add(column);
  }
  return hidden;
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
