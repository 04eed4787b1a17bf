// A few facts in one line, each of them unbroken: "198.51.100.7 · used 4 days ago".
import { html } from '../view.js';

export function Notes({ of }) {
  const known = of.filter(Boolean);
  return html`
    <p class="ledger-row-note numbers notes">${known.map((fact, nth) => html`<span>${fact}${nth < known.length - 1 && ' ·'}</span> `)}</p>`;
}
