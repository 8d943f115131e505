#include "sandbox/compat.h"
#include "sandbox/role.h"

const char *
role_name(enum role r)
{
	static const char *const names[] = {
		[ROLE_PARENT]	= "parent",
		[ROLE_LAUNCHER]	= "launcher",
		[ROLE_CAPTURE]	= "capture",
		[ROLE_ANALYZER]	= "analyzer",
		[ROLE_MIRROR]	= "mirror",
		[ROLE_CLIENT]	= "client",
		[ROLE_PROVIDER]	= "provider",
		[ROLE_WEB]	= "web",
		[ROLE_WEB_ASK]	= "web-ask",
		[ROLE_ANY]	= "any",
		[ROLE_CHILD]	= "child",
		[ROLE_OWNER]	= "owner",
	};

	return (size_t)r < nitems(names) ? names[r] : "unknown";
}
