// Who tries what: the level of security, why it is that, and the figures behind it.
import { formatCount } from '../figures.js';
import { t } from '../i18n.js';
import { html } from '../view.js';
import { Findings } from './findings.js';
import { LevelBadge } from './level-badge.js';

export function SecurityPanel({ security }) {
  const ratio = (logins) => (logins ? t('security.goodAndFailed', { good: formatCount(logins.succeeded), failed: formatCount(logins.failed) }) : t('figure.unknown'));
  const facts = [
    ['security.lastHour', ratio(security.logins_last_hour), 'security-last-hour'],
    ['security.lastDay', ratio(security.logins_last_day)],
    ['security.tokens', t('security.tokensOf', {
      valid: formatCount(security.token_checks.valid), expired: formatCount(security.token_checks.expired), invalid: formatCount(security.token_checks.invalid),
    })],
    ['security.rateLimited', formatCount(security.rate_limited_since_start)],
    ['security.reuse', formatCount(security.refresh_reuse.last_day)],
    ['security.sessions', t('security.sessionsOf', { sessions: formatCount(security.open_sessions), people: formatCount(security.people_signed_in) })],
    ['security.accounts', t('security.accountsOf', { accounts: formatCount(security.accounts), disabled: formatCount(security.disabled_accounts) })],
    ['security.administrators', formatCount(security.administrators)],
    ['security.audit', formatCount(security.audit_entries)],
  ];
  return html`
    <section class="panel section" aria-labelledby="security">
      <div class="section-head"><h2 id="security">${t('security.title')}</h2><${LevelBadge} level=${security.level} test="security-level" /></div>
      <${Findings} findings=${security.findings} nothing=${t('security.fine')} />
      <dl class="facts">
        ${facts.map(([label, value, test]) => html`<div><dt>${t(label)}</dt><dd class="numbers" data-test=${test}>${value}</dd></div>`)}
      </dl>
      <details class="more"><summary>${t('security.rule')}</summary><p class="soft small">${security.rule}</p></details>
    </section>`;
}
