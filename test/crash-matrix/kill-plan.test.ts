import { expect, it } from 'vitest';
import { planOf, randomOf, victims } from './kill-plan.js';

const pace = { afterMs: [100, 200], downMs: [0, 50] } as const;

it('the same seed gives the same blows, another seed others', () => {
  expect(planOf(7, 40, pace)).toEqual(planOf(7, 40, pace));
  expect(planOf(7, 40, pace)).not.toEqual(planOf(8, 40, pace));
});

it('every part dies within any eight blows, and the moments keep to the pace', () => {
  const plan = planOf(1, 80, pace);
  for (let from = 0; from < plan.length; from += 8) {
    const struck = plan.slice(from, from + 8).map(({ victim }) => victim);
    expect(new Set(struck)).toEqual(new Set(victims));
  }
  for (const { afterMs, downMs } of plan) {
    expect(afterMs).toBeGreaterThanOrEqual(100);
    expect(afterMs).toBeLessThanOrEqual(200);
    expect(downMs).toBeLessThanOrEqual(50);
  }
});

it('the numbers are spread over the unit interval', () => {
  const random = randomOf(3);
  const numbers = Array.from({ length: 1_000 }, random);
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...numbers)).toBeLessThan(1);
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
});
