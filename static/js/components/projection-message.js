// On the projector when there is nothing to project: why, and what can be done.
import { html } from '../view.js';

export function ProjectionMessage({ title, note, children }) {
  return html`
    <main class="display"><span></span><div class="display-message" role="alert" data-test="display-message">
      <h1 tabindex="-1">${title}</h1>
      ${note && html`<p class="display-label">${note}</p>`}
      <div class="actions">${children}</div>
    </div></main>`;
}
