// A labelled input with its hint and its error. Attributes that it does not know go to the input.
import { t } from '../i18n.js';
import { html, useId } from '../view.js';

export function Field({ label, hint, error, optional = false, test, onValue, children, ...input }) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ') || undefined;
  const common = {
    id, class: 'input', 'data-test': test, 'aria-describedby': described, 'aria-invalid': error ? 'true' : undefined,
    // A select says `change` everywhere, `input` not everywhere.
    [children ? 'onChange' : 'onInput']: (event) => onValue?.(event.currentTarget.value), ...input,
  };
  return html`
    <div class="field">
      <label for=${id}>${label} ${optional && html`<span class="field-optional">(${t('field.optional')})</span>`}</label>
      ${children ? html`<select ...${common}>${children}</select>` : html`<input ...${common} />`}
      ${hint && html`<p class="field-hint" id=${`${id}-hint`}>${hint}</p>`}
      ${error && html`<p class="field-error" role="alert" id=${`${id}-error`}>${error}</p>`}
    </div>`;
}
