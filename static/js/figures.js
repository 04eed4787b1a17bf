// Figures in words: units by their name in the API, with as many digits as a person reads.
import { currentLanguage, t } from './i18n.js';

const BYTES = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];

const number = (value, options) => new Intl.NumberFormat(currentLanguage(), options).format(value);
const unit = (value, name, options) => number(value, { style: 'unit', unit: name, unitDisplay: 'short', ...options });
const isKnown = (value) => value !== null && value !== undefined && Number.isFinite(value);

// Three digits that mean something: 0.42, 4.2, 42, 420.
function digits(value) {
  const size = Math.abs(value);
  return { maximumFractionDigits: size >= 100 ? 0 : size >= 10 ? 1 : 2 };
}

export function formatBytes(bytes) {
  if (!isKnown(bytes)) return t('figure.unknown');
  let value = bytes;
  let at = 0;
  while (Math.abs(value) >= 1000 && at < BYTES.length - 1) {
    value /= 1000;
    at += 1;
  }
  if (at === 0) return `${number(value, { maximumFractionDigits: 0 })} B`;
  return unit(value, BYTES[at], { maximumFractionDigits: Math.abs(value) >= 100 ? 0 : 1 });
}

export function formatSeconds(seconds) {
  if (!isKnown(seconds)) return t('figure.unknown');
  return seconds < 1 ? unit(seconds * 1000, 'millisecond', digits(seconds * 1000)) : unit(seconds, 'second', digits(seconds));
}

export function formatPercent(percent) {
  if (!isKnown(percent)) return t('figure.unknown');
  return number(percent / 100, { style: 'percent', maximumFractionDigits: Math.abs(percent) >= 10 ? 0 : 1 });
}

export function formatCount(count) {
  return isKnown(count) ? number(count, digits(count)) : t('figure.unknown');
}

// A stretch of time in its two largest units: "3 days, 4 hr".
export function formatDuration(seconds) {
  if (!isKnown(seconds)) return t('figure.unknown');
  const parts = [['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1]];
  const first = parts.findIndex(([, size]) => seconds >= size);
  if (first < 0) return unit(0, 'second');
  const [large, small] = parts.slice(first, first + 2);
  const whole = Math.floor(seconds / large[1]);
  const rest = small ? Math.floor((seconds - whole * large[1]) / small[1]) : 0;
  return [unit(whole, large[0]), rest > 0 && unit(rest, small[0])].filter(Boolean).join(' ');
}

const FORMATS = {
  percent: formatPercent,
  bytes: formatBytes,
  bytes_per_second: (value) => (isKnown(value) ? t('figure.perSecond', { value: formatBytes(value) }) : t('figure.unknown')),
  count: formatCount,
  per_second: (value) => (isKnown(value) ? t('figure.perSecond', { value: formatCount(value) }) : t('figure.unknown')),
  seconds: formatSeconds,
};

export const formatUnit = (name, value) => (FORMATS[name] ?? formatCount)(value);
