/** What the shop's tables allow in their `status`, so that a transition that cannot be does not compile. */
import { z } from 'zod';

export const orderStatus = z.enum(['pending', 'confirmed', 'shipped', 'completed', 'cancelled']);

export const paymentStatus = z.enum(['pending', 'failed', 'succeeded', 'cancelled', 'written_off']);
