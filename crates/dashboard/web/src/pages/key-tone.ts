import type { Tone } from '../parts/show.tsx';
import type { KeyState } from '../reach.ts';

export const stateTone: Record<KeyState, Tone> = { active: 'ok', disabled: 'plain', revoked: 'bad', expired: 'warn' };
