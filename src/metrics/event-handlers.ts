import type { EventFacts, EventLog, SecurityEvent } from '../common/event-log';

/** What to do with which security event. */
export type EventHandlers = Partial<Record<SecurityEvent, (facts: EventFacts) => void>>;

/** Follows the events that have a handler; every other one costs a look-up. */
export function follow(events: EventLog, handlers: EventHandlers): void {
  events.subscribe((event, facts) => handlers[event]?.(facts));
}
