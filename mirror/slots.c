#include "mirror/slots.h"

void
slots_mark(struct slots *s, unsigned slot)
{
	s->used[slot / 64] |= (uint64_t)1 << (slot % 64);
}

int
slots_take(struct slots *s)
{
	unsigned	 i, slot;

	for (i = 0; i < MSG_SAVE_SLOTS; i++) {
		slot = (s->next + i) % MSG_SAVE_SLOTS;
		if (slots_bit(s->used, slot))
			continue;
		slots_mark(s, slot);
		s->next = slot + 1;
		return (int)slot;
	}
	tally_add(s->tally, TALLY_MIR_UNSAVED, 1);
	return -1;
}

void
slots_give(struct slots *s, unsigned slot)
{
	s->used[slot / 64] &= ~((uint64_t)1 << (slot % 64));
	s->save(s->arg, slot, NULL);
}
