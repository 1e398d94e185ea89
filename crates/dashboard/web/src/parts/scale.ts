/** A round number at or above the largest value, and the lines below it. */
export function scale(largest: number): number[] {
  if (largest <= 0) return [0, 1];
  const rough = largest / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough;
  const whole = largest < 4 ? 1 : step;
  const ticks: number[] = [];
  for (let tick = 0; tick < largest + whole; tick += whole) ticks.push(Math.round(tick * 1000) / 1000);
  return ticks;
}

/** Hours that may share a bar. */
const GROUPS = [1, 2, 3, 4, 6, 12, 24];

/** How many hours share a bar so that each of `count` hours in `width` pixels is still seen and can be pointed at. */
export function hoursAtOnce(count: number, width: number, least: number): number {
  return GROUPS.find((hours) => width / Math.ceil(count / hours) >= least) ?? 24;
}

/** Several hours in one, each beginning where the hours of the day that it has are shared evenly. */
export function grouped<S extends { start: string; values: Record<string, number> }>(spans: S[], hours: number): S[] {
  if (hours <= 1) return spans;
  const all: S[] = [];
  for (const span of spans) {
    const last = all.at(-1);
    if (!last || new Date(span.start).getHours() % hours === 0) {
      all.push({ ...span, values: { ...span.values } });
      continue;
    }
    for (const [name, value] of Object.entries(span.values)) last.values[name] = (last.values[name] ?? 0) + value;
  }
  return all;
}
