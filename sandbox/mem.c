#include "sandbox/mem.h"

static const char *const names[MEM_POOLS] = {
	[MEM_FLOWS]	= "flows",
	[MEM_SEGMENTS]	= "segments",
	[MEM_SESSIONS]	= "sessions",
	[MEM_FRAGMENTS]	= "fragments",
	[MEM_SKETCHES]	= "sketches",
	[MEM_METERS]	= "meters",
	[MEM_STREAMS]	= "streams",
	[MEM_QUEUES]	= "queues",
};

const char *
mem_pool_name(enum mem_pool pool)
{
	return names[pool];
}
