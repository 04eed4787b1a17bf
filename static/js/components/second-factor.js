// The second factor of one's own account: whether there is one, and setting it up, renewing its recovery codes,
// removing it.
import { formatLongDay, t } from '../i18n.js';
import { useResource, useSubmit } from '../loading.js';
import { signedCall, useUser } from '../session.js';
import { html, useState } from '../view.js';
import { Alert } from './alert.js';
import { Button } from './button.js';
import { CodeField, codeOf } from './code-field.js';
import { Enrolment } from './enrolment.js';
import { Failure } from './failure.js';
import { FormProblem } from './form-problem.js';
import { Icon } from './icon.js';
import { PasswordField } from './password-field.js';
import { RecoveryCodes } from './recovery-codes.js';
import { Skeleton } from './skeleton.js';
import { SubmitButton } from './submit-button.js';
import { Username } from './username.js';

const FEW = 3;

export function SecondFactor() {
  const { data: factor, problem, reload } = useResource('/auth/totp');
  // What is being done: null, enrol, renew, remove.
  const [doing, setDoing] = useState(null);
  const [codes, setCodes] = useState(null);
  const [news, setNews] = useState(null);
  const begin = (what) => {
    setNews(null);
    setDoing(what);
  };
  const finish = (said = null) => {
    setDoing(null);
    setCodes(null);
    setNews(said);
    reload();
  };
  const renew = async (body) => setCodes((await signedCall('POST', '/auth/totp/recovery-codes', { body })).recovery_codes);
  const remove = async (body) => {
    await signedCall('DELETE', '/auth/totp', { body });
    finish('totp.removed');
  };
  return html`
    <section class="panel section" aria-labelledby="second-factor" data-test="second-factor" data-enrolled=${factor?.enrolled}>
      <div class="section-head">
        <h2 id="second-factor">${t('totp.title')}</h2>
        ${factor && html`<${State} factor=${factor} />`}
      </div>
      <div role="status">${news && html`<${Alert} kind="good">${t(news)}<//>`}</div>
      ${!factor && (problem ? html`<${Failure} problem=${problem} retry=${reload} />` : html`<${Skeleton} lines=${2} />`)}
      ${factor && !doing && html`<${Overview} factor=${factor} onBegin=${begin} />`}
      ${doing === 'enrol' && html`<${Enrolment} onCancel=${() => setDoing(null)} onDone=${() => finish('totp.nowOn')} />`}
      ${doing === 'renew' && (codes
        ? html`<${RecoveryCodes} codes=${codes} action=${t('action.done')} onDone=${() => finish()} />`
        : html`<${Prove} note=${t('totp.renewNote')} action=${t('totp.renew')} send=${renew} onCancel=${() => setDoing(null)} />`)}
      ${doing === 'remove' && html`
        <${Prove} note=${t('totp.removeNote')} action=${t('totp.remove')} look="button-danger" send=${remove} onCancel=${() => setDoing(null)} />`}
    </section>`;
}

function State({ factor }) {
  return html`<span class=${`badge ${factor.enrolled ? 'badge-present' : factor.required ? 'badge-late' : ''}`}>
    <${Icon} name=${factor.enrolled ? 'check' : factor.required ? 'warning' : 'cross'} size=${16} />${t(factor.enrolled ? 'totp.on' : 'totp.off')}</span>`;
}

function Overview({ factor, onBegin }) {
  if (!factor.enrolled) {
    return html`
      <p class="soft">${t('totp.about')}</p>
      ${factor.required && html`<${Alert} kind="warning">${t('totp.required')}<//>`}
      <div class="actions"><${Button} onClick=${() => onBegin('enrol')} test="totp-enrol">${t('totp.setUp')}<//></div>`;
  }
  const left = factor.recovery_codes_left;
  return html`
    <p class="soft">${[factor.confirmed_at && t('totp.since', { date: formatLongDay(factor.confirmed_at) }), t('totp.left', { count: left })].filter(Boolean).join(' · ')}</p>
    ${left <= FEW && html`<${Alert} kind="warning">${t('totp.few')}<//>`}
    <div class="actions">
      <${Button} look="button-plain" onClick=${() => onBegin('renew')} test="totp-renew">${t('totp.renew')}<//>
      ${!factor.required && html`<${Button} look="button-danger" onClick=${() => onBegin('remove')} test="totp-remove">${t('totp.remove')}<//>`}
    </div>
    ${factor.required && html`<p class="soft small">${t('totp.mustStay')}</p>`}`;
}

// The password and a code, before anything about the second factor changes.
function Prove({ note, action, look = '', send, onCancel }) {
  const user = useUser();
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const { busy, problem, submit } = useSubmit(() => send({ password, code: codeOf(code) }));
  return html`
    <form class="form" onSubmit=${submit}>
      <p class="soft">${note}</p>
      <${FormProblem} problem=${problem} fields=${['password', 'code']} test="prove-problem" />
      <${Username} value=${user?.email} />
      <${PasswordField} label=${t('field.password')} value=${password} onValue=${setPassword} error=${problem?.about('password')}
        autocomplete="current-password" name="password" test="prove-password" />
      <${CodeField} value=${code} onValue=${setCode} error=${problem?.about('code')} test="prove-code" />
      <div class="actions">
        <${SubmitButton} busy=${busy} problem=${problem} look=${look} test="prove-submit">${action}<//>
        <${Button} look="button-plain" onClick=${onCancel}>${t('action.cancel')}<//>
      </div>
    </form>`;
}
