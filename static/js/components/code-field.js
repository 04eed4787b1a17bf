// The code of a second factor: six digits from an app, or one of the recovery codes.
import { t } from '../i18n.js';
import { html, useEffect, useRef, useState } from '../view.js';
import { Field } from './field.js';

// What the server wants of it: digits without the gap that apps show in them.
export const codeOf = (text) => (/^[\d\s]+$/.test(text) ? text.replace(/\s/g, '') : text.trim());

export function CodeField({ value, onValue, error, focus = false, recovery = true, test = 'totp-code' }) {
  const [written, setWritten] = useState(false);
  const box = useRef(null);
  const place = () => box.current.querySelector('input').focus();
  useEffect(() => { if (focus) place(); }, []);
  const change = () => {
    setWritten(!written);
    onValue('');
    place();
  };
  return html`
    <div class="code-field" ref=${box}>
      <${Field} label=${t(written ? 'totp.recoveryCode' : 'totp.code')} hint=${t(written ? 'totp.recoveryHint' : 'totp.codeHint')} value=${value}
        onValue=${onValue} error=${error} name="totp" autocomplete=${written ? 'off' : 'one-time-code'} inputmode=${written ? 'text' : 'numeric'}
        autocapitalize="none" autocorrect="off" spellcheck=${false} maxlength="64" required test=${test} />
      ${recovery && html`<button type="button" class="link-button" onClick=${change} data-test="totp-other">${t(written ? 'totp.useApp' : 'totp.useRecovery')}</button>`}
    </div>`;
}
