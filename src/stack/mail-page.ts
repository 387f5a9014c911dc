/** The inbox as HTML: a list, newest first, and one message. Pure. */
import type { Message } from './mail.js';

const style = `
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1c2733; }
  h1 { font-size: 1.3rem; } a { color: #0b5cad; text-decoration: none; } a:hover { text-decoration: underline; }
  table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .45rem .6rem; border-bottom: 1px solid #dde3ea; }
  th { font-weight: 600; color: #5a6b7d; } time { color: #5a6b7d; } td:nth-child(-n+2) { white-space: nowrap; }
  pre { white-space: pre-wrap; background: #f5f7f9; padding: 1rem; border-radius: 6px; font: 14px/1.5 ui-monospace, monospace; }
  @media (prefers-color-scheme: dark) { body { background: #14191f; color: #dbe3ec; } a { color: #7db8f0; } pre { background: #1d242c; } td, th { border-color: #2c3641; } }
`;

/** The list of messages. */
export function mailPage(messages: readonly Message[]): string {
  const rows = [...messages].reverse().map(
    ({ id, receivedAt, to, subject }) => `
      <tr><td><time>${escape(receivedAt.slice(0, 19).replace('T', ' '))}</time></td>
      <td>${escape(to)}</td><td><a href="/messages/${String(id)}">${escape(subject)}</a></td></tr>`,
  );
  const table = `<table><tr><th>received (UTC)</th><th>to</th><th>subject</th></tr>${rows.join('')}</table>`;
  const body = rows.length === 0 ? '<p>Nothing has been sent yet.</p>' : table;
  return page('Notices', `<h1>Notices sent: ${String(messages.length)}</h1>${body}`);
}

/** One message. */
export function messagePage({ from, to, subject, text, receivedAt }: Message): string {
  return page(
    subject,
    `<p><a href="/">← all notices</a></p><h1>${escape(subject)}</h1>
     <p>from ${escape(from)} to ${escape(to)}, <time>${escape(receivedAt)}</time></p>
     <pre>${escape(text)}</pre>`,
  );
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escape(title)}</title>
<meta name="viewport" content="width=device-width"><style>${style}</style></head><body>${body}</body></html>`;
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
