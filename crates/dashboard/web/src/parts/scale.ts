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
