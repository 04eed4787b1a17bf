// For password managers: whose password the field below is about. People do not see it.
import { html } from '../view.js';

export function Username({ value }) {
  return html`<input class="unseen" name="username" autocomplete="username" value=${value ?? ''} readonly tabindex="-1" aria-hidden="true" />`;
}
