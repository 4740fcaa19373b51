import type { ReceivedLetter } from '../mail/mailbox.transport';

/** The list of letters, newest first. Plain HTML: no script, no style, nothing that is fetched. */
export function listPage(letters: readonly ReceivedLetter[]): string {
  const rows = letters.map(
    ({ id, to, subject, receivedAt }) =>
      `<tr><td>${escaped(receivedAt.toISOString())}</td><td>${escaped(to)}</td><td><a href="mailbox/${escaped(id)}">${escaped(subject)}</a></td></tr>`,
  );
  const table = `<table><tr><th>Received</th><th>To</th><th>Subject</th></tr>${rows.join('\n')}</table>`;
  return page('Mailbox', letters.length === 0 ? '<p>No message yet.</p>' : table);
}

/** One letter: its text, with links that work, and a link to its HTML. */
export function letterPage({ id, to, subject, text, receivedAt }: ReceivedLetter): string {
  const facts = `<p>To ${escaped(to)}, ${escaped(receivedAt.toISOString())}</p>`;
  const links = `<p><a href="${escaped(id)}/html">As HTML</a> · <a href="../mailbox">All messages</a></p>`;
  return page(subject, `${facts}<pre>${linked(escaped(text))}</pre>${links}`);
}

function page(title: string, body: string): string {
  const heading = escaped(title);
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="robots" content="noindex"><title>${heading}</title></head>
<body><h1>${heading}</h1>
${body}
</body>
</html>
`;
}

/** In a text that was escaped: quotes and angle brackets cannot end the attribute. */
function linked(text: string): string {
  return text.replace(/https?:\/\/[^\s<>]+/g, (url) => `<a href="${url}">${url}</a>`);
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
