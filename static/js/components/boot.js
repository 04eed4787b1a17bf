// What is seen while nothing is known yet: the mark, and only if it takes a while.
import { html, ICON } from '../view.js';

export function Boot() {
  return html`<div class="boot"><img src=${ICON} width="56" height="56" alt="" /></div>`;
}
