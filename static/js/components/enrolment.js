// Setting up a second factor: the password, then the code to scan, then the recovery codes.
import { t } from '../i18n.js';
import { useSubmit } from '../loading.js';
import { nowEnrolled, signedCall, useUser } from '../session.js';
import { html, useEffect, useRef, useState } from '../view.js';
import { Button } from './button.js';
import { CodeField, codeOf } from './code-field.js';
import { CopyButton } from './copy-button.js';
import { FormProblem } from './form-problem.js';
import { PasswordField } from './password-field.js';
import { RecoveryCodes } from './recovery-codes.js';
import { SubmitButton } from './submit-button.js';
import { SvgImage } from './svg-image.js';
import { Username } from './username.js';

// `onStep` hears 1, 2 or 3; `onDone` comes when the recovery codes are put away.
export function Enrolment({ action = t('action.done'), onStep, onCancel, onDone }) {
  const [offer, setOffer] = useState(null);
  const [codes, setCodes] = useState(null);
  const step = codes ? 3 : offer ? 2 : 1;
  useEffect(() => { onStep?.(step); }, [step]);
  const finish = () => {
    nowEnrolled();
    onDone();
  };
  if (codes) return html`<${RecoveryCodes} codes=${codes} action=${action} onDone=${finish} />`;
  if (offer) return html`<${Confirm} offer=${offer} onCancel=${onCancel} onCodes=${setCodes} />`;
  return html`<${Ask} onCancel=${onCancel} onOffer=${setOffer} />`;
}

function Ask({ onCancel, onOffer }) {
  const user = useUser();
  const [password, setPassword] = useState('');
  const { busy, problem, submit } = useSubmit(async () => onOffer(await signedCall('POST', '/auth/totp', { body: { password } })));
  return html`
    <form class="form" onSubmit=${submit}>
      <${FormProblem} problem=${problem} fields=${['password']} test="enrol-problem" />
      <${Username} value=${user?.email} />
      <${PasswordField} label=${t('field.password')} hint=${t('totp.passwordHint')} value=${password} onValue=${setPassword}
        error=${problem?.about('password')} autocomplete="current-password" name="password" test="enrol-password" />
      <div class="actions">
        <${SubmitButton} busy=${busy} problem=${problem} test="enrol-start">${t('action.continue')}<//>
        ${onCancel && html`<${Button} look="button-plain" onClick=${onCancel}>${t('action.cancel')}<//>`}
      </div>
    </form>`;
}

function Confirm({ offer, onCancel, onCodes }) {
  const [code, setCode] = useState('');
  const heading = useRef(null);
  useEffect(() => { heading.current.focus(); }, []);
  const { busy, problem, submit } = useSubmit(async () => {
    const { recovery_codes } = await signedCall('POST', '/auth/totp/confirm', { body: { code: codeOf(code) } });
    onCodes(recovery_codes);
  });
  return html`
    <form class="form enrol" onSubmit=${submit}>
      <div class="enrol-scan">
        <${SvgImage} svg=${offer.qr_svg} alt=${t('totp.qr')} test="enrol-qr" />
        <div class="enrol-words">
          <h3 ref=${heading} tabindex="-1">${t('totp.scan')}</h3>
          <p class="soft">${t('totp.scanNote')}</p>
          <a class="button button-plain enrol-open" href=${offer.otpauth_url}>${t('totp.open')}</a>
          <details class="more">
            <summary>${t('totp.byHand')}</summary>
            <div>
              <code class="secret-text" data-test="enrol-secret" data-secret=${offer.secret}>${offer.secret.replace(/(.{4})(?=.)/g, '$1 ')}</code>
              <div class="actions"><${CopyButton} text=${offer.secret} test="enrol-copy" /></div>
            </div>
          </details>
        </div>
      </div>
      <${FormProblem} problem=${problem} fields=${['code']} test="enrol-problem" />
      <${CodeField} value=${code} onValue=${setCode} error=${problem?.about('code')} recovery=${false} test="enrol-code" />
      <div class="actions">
        <${SubmitButton} busy=${busy} problem=${problem} test="enrol-confirm">${t('totp.turnOn')}<//>
        ${onCancel && html`<${Button} look="button-plain" onClick=${onCancel}>${t('action.cancel')}<//>`}
      </div>
    </form>`;
}
