// A password with a button that shows it.
import { t } from '../i18n.js';
import { html, useId, useState } from '../view.js';
import { Icon } from './icon.js';

export function PasswordField({ label, hint, error, value, onValue, autocomplete, test, ...input }) {
  const id = useId();
  const [shown, setShown] = useState(false);
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ') || undefined;
  return html`
    <div class="field">
      <label for=${id}>${label}</label>
      <div class="field-affix">
        <input id=${id} class="input" type=${shown ? 'text' : 'password'} value=${value} autocomplete=${autocomplete}
          autocapitalize="none" autocorrect="off" spellcheck=${false} required maxlength="1024" data-test=${test}
          aria-describedby=${described} aria-invalid=${error ? 'true' : undefined}
          onInput=${(event) => onValue(event.currentTarget.value)} ...${input} />
        <button type="button" aria-pressed=${String(shown)} aria-controls=${id}
          aria-label=${t('field.showPassword')} onClick=${() => setShown(!shown)}>
          <${Icon} name=${shown ? 'eyeOff' : 'eye'} />
        </button>
      </div>
      ${hint && html`<p class="field-hint" id=${`${id}-hint`}>${hint}</p>`}
      ${error && html`<p class="field-error" role="alert" id=${`${id}-error`}>${error}</p>`}
    </div>`;
}
