// How times, numbers and names are written, in the language that is in force.

export type Language = 'en' | 'it';

const cache = new Map<string, Intl.DateTimeFormat | Intl.NumberFormat | Intl.RelativeTimeFormat>();

function kept<T extends Intl.DateTimeFormat | Intl.NumberFormat | Intl.RelativeTimeFormat>(
  name: string,
  make: () => T,
): T {
  const found = cache.get(name);
  if (found) return found as T;
  const made = make();
  cache.set(name, made);
  return made;
}

/** English as most of the world writes dates. */
export const locale = (language: Language) => (language === 'it' ? 'it-IT' : 'en-GB');

export function number(language: Language, value: number): string {
  return kept(`number ${language}`, () => new Intl.NumberFormat(locale(language))).format(value);
}

export function compact(language: Language, value: number): string {
  return kept(
    `compact ${language}`,
    () => new Intl.NumberFormat(locale(language), { notation: 'compact', maximumFractionDigits: 1 }),
  ).format(value);
}

export function percent(language: Language, value: number): string {
  const digits = value > 0 && value < 0.1 ? 1 : 0;
  return kept(
    `percent ${language} ${digits}`,
    () => new Intl.NumberFormat(locale(language), { style: 'percent', maximumFractionDigits: digits }),
  ).format(value);
}

const shapes = {
  day: { day: 'numeric', month: 'short', year: 'numeric' },
  short: { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
  moment: { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' },
  exact: {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  },
  hour: { hour: '2-digit', minute: '2-digit' },
  tick: { day: 'numeric', month: 'short' },
} satisfies Record<string, Intl.DateTimeFormatOptions>;

export function time(language: Language, value: string | number | Date, shape: keyof typeof shapes): string {
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) return String(value);
  return kept(`${shape} ${language}`, () => new Intl.DateTimeFormat(locale(language), shapes[shape])).format(date);
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['second', 60],
  ['minute', 60],
  ['hour', 24],
  ['day', 30],
  ['month', 12],
  ['year', Number.POSITIVE_INFINITY],
];

/**
 * "3 hours ago", "in 2 days". What is past counts whole units only; what is to come is rounded, so that an end that was just set
 * to 7 days is in 7 days and not in 6.
 */
export function ago(language: Language, value: string | number | Date, now: number = Date.now()): string {
  const format = kept(`ago ${language}`, () => new Intl.RelativeTimeFormat(locale(language), { numeric: 'auto' }));
  let amount = (new Date(value).getTime() - now) / 1000;
  if (Number.isNaN(amount)) return String(value);
  const whole = amount > 0 ? Math.round : Math.trunc;
  for (const [unit, size] of steps) {
    if (Math.abs(whole(amount)) < size) return format.format(whole(amount), unit);
    amount /= size;
  }
  return '';
}

/** A span of time in its largest whole unit. */
export function span(language: Language, seconds: number): string {
  const units: [string, number][] = [
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
    ['second', 1],
  ];
  for (const [unit, size] of units) {
    if (seconds >= size && seconds % size === 0) {
      return kept(
        `span ${unit} ${language}`,
        () => new Intl.NumberFormat(locale(language), { style: 'unit', unit, unitDisplay: 'long' }),
      ).format(seconds / size);
    }
  }
  return number(language, seconds);
}

/** Microseconds as people say them. */
export function duration(language: Language, micros: number): string {
  if (micros < 1_000) return `${number(language, micros)} µs`;
  if (micros < 1_000_000) return `${number(language, Math.round(micros / 100) / 10)} ms`;
  return `${number(language, Math.round(micros / 10_000) / 100)} s`;
}

/** What a `datetime-local` field holds for an instant, and back. */
export function toField(value: string): string {
  const date = new Date(value);
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

export function fromField(value: string): string | undefined {
  const date = new Date(value);
  return value && !Number.isNaN(date.getTime()) ? date.toISOString() : undefined;
}

/** A browser in a few words, from what it says of itself. */
export function browser(agent: string | null): string {
  if (!agent) return '';
  const name = /Edg\//.test(agent)
    ? 'Edge'
    : /Firefox\//.test(agent)
      ? 'Firefox'
      : /Chrome\//.test(agent)
        ? 'Chrome'
        : /Safari\//.test(agent)
          ? 'Safari'
          : (agent.split(/[\s/]/)[0] ?? '');
  const system = /iPhone|iPad/.test(agent)
    ? 'iOS'
    : /Android/.test(agent)
      ? 'Android'
      : /Windows/.test(agent)
        ? 'Windows'
        : /Mac OS/.test(agent)
          ? 'macOS'
          : /Linux/.test(agent)
            ? 'Linux'
            : '';
  return system ? `${name}, ${system}` : name;
}
