#include <ctype.h>
#include <string.h>

#include "sandbox/tally.h"

struct tally_row {
	const char	*name;
	const char	*help;
	enum role	 owner;
	enum tally_unit	 unit;
	enum tally_kind	 kind;
};

#define T(name, owner, unit, kind, help)				\
	{ #name, help, ROLE_##owner, TALLY_UNIT_##unit, TALLY_KIND_##kind },
static const struct tally_row rows[TALLY_MAX] = { TALLY_TABLE(T) };
#undef T

const char *
tally_name(enum tally_id id, char s[TALLY_NAME_MAX])
{
	size_t	 i;

	for (i = 0; i < TALLY_NAME_MAX - 1 && rows[id].name[i] != '\0'; i++)
		s[i] = (char)tolower((unsigned char)rows[id].name[i]);
	s[i] = '\0';
	return s;
}

enum role
tally_owner(enum tally_id id)
{
	return rows[id].owner;
}

const char *
tally_help(enum tally_id id)
{
	return rows[id].help;
}

const char *
tally_unit_name(enum tally_id id)
{
	static const char *const units[] = {
		"packets", "bytes", "events", "messages", "items"
	};

	return units[rows[id].unit];
}

enum tally_kind
tally_kind(enum tally_id id)
{
	return rows[id].kind;
}

void
tally_pack(const struct tally *t, struct buf *b)
{
	size_t	 i;

	for (i = 0; i < TALLY_MAX; i++) {
		if (t->v[i] == 0)
			continue;
		buf_put_u16(b, (uint16_t)i);
		buf_put_u64(b, t->v[i]);
	}
}

int
tally_unpack(struct tally *t, struct buf *b)
{
	struct tally	 new;
	uint16_t	 i;

	memset(&new, 0, sizeof(new));
	while (buf_left(b) > 0) {
		i = buf_get_u16(b);
		if (i >= TALLY_MAX)
			return -1;
		new.v[i] = buf_get_u64(b);
	}
	if (buf_end(b) == -1)
		return -1;
	*t = new;
	return 0;
}
