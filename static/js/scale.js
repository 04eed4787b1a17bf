// Round numbers and round times for the axes of charts.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TIME_STEPS = [5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 5 * DAY, 10 * DAY];

// The least that an axis reaches to, so that noise around zero does not look like mountains.
const LEAST = { percent: 10, bytes: 1e6, bytes_per_second: 1e4, count: 4, per_second: 1, seconds: 0.001 };

// Marks from 0 up to at least `greatest`, four or five of them, at round numbers.
export function valueMarks(greatest, unit) {
  const top = Math.max(greatest, LEAST[unit] ?? 1);
  const rough = top / 4;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * size).find((candidate) => candidate >= rough - size * 1e-9);
  const count = Math.ceil(top / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, nth) => nth * step);
}

// Round local times between two instants, at most about `most` of them.
export function timeMarks(from, to, most) {
  const step = TIME_STEPS.find((candidate) => (to - from) / candidate <= most) ?? TIME_STEPS.at(-1);
  const marks = [];
  if (step >= DAY) {
    const day = new Date(from);
    day.setHours(24, 0, 0, 0);
    while (day.getTime() <= to) {
      marks.push(day.getTime());
      day.setDate(day.getDate() + step / DAY);
    }
  } else {
    const offset = new Date(from).getTimezoneOffset() * MINUTE;
    for (let at = Math.ceil((from - offset) / step) * step + offset; at <= to; at += step) marks.push(at);
  }
  return { marks, isDays: step >= DAY };
}
