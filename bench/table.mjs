/** A Markdown table with columns as wide as their widest cell, as prettier writes them. `align`: one of l and r each. */
export function table(head, rows, align) {
  const widths = head.map((title, column) => Math.max(3, ...[title, ...rows.map((row) => row[column])].map(lengthOf)));
  const pad = (text, column) => {
    const space = ' '.repeat(widths[column] - lengthOf(text));
    return align[column] === 'r' ? space + text : text + space;
  };
  const line = (cells) => `| ${cells.map(pad).join(' | ')} |`;
  const rule = widths.map((width, column) => '-'.repeat(width - 1) + (align[column] === 'r' ? ':' : '-'));
  return `${[line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n')}\n`;
}

const lengthOf = (text) => [...text].length;
