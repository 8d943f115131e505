#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/frame.h"
#include "sandbox/shm.h"

#define SLOTS_AT	4096
#define SIZE		(SLOTS_AT + SHM_SLOTS * FRAME_MAX)
#define SEALS		(F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

struct shm {
	atomic_uchar	 taken[SHM_SLOTS];
	atomic_uchar	 waits;			/* the sender, for a slot */
};

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL	0x0008U		/* Linux 6.3 */
#endif

_Static_assert(sizeof(struct shm) <= SLOTS_AT, "the flags fit one page");

/* Never a program: vm.memfd_noexec can ask for that, older kernels cannot. */
static int
create(void)
{
	static const unsigned	 flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int			 fd;

	fd = memfd_create("netmond", flags | MFD_NOEXEC_SEAL);
	if (fd == -1 && errno == EINVAL)
		fd = memfd_create("netmond", flags);
	return fd;
}

int
shm_create(void)
{
	int	 e, fd;

	if ((fd = create()) == -1)
		return -1;
	/* All pages now: one that is refused later is a SIGBUS in a child. */
	if (fallocate(fd, 0, 0, SIZE) == 0 &&
	    fcntl(fd, F_ADD_SEALS, SEALS) == 0)
		return fd;
	e = errno;
	close(fd);
	errno = e;
	return -1;
}

struct shm *
shm_map(int fd)
{
	struct stat	 sb;
	void		*p;
	int		 seals;

	if ((seals = fcntl(fd, F_GET_SEALS)) == -1 || fstat(fd, &sb) == -1)
		return NULL;
	if ((seals & F_SEAL_SHRINK) == 0 || sb.st_size < SIZE) {
		errno = EINVAL;
		return NULL;
	}
	p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}

static uint8_t *
slot_at(struct shm *s, uint32_t slot)
{
	return (uint8_t *)s + SLOTS_AT + (size_t)slot * FRAME_MAX;
}

/* ---- the sender ---- */

void
shm_reset(struct shm *s)
{
	int	 i;

	for (i = 0; i < SHM_SLOTS; i++)
		atomic_store(&s->taken[i], 0);
	atomic_store(&s->waits, 0);
}

/* The lowest one: it was in use a moment ago, and the cache has it still. */
static int
find_free(struct shm *s)
{
	int	 i;

	for (i = 0; i < SHM_SLOTS; i++)
		if (atomic_load(&s->taken[i]) == 0)
			return i;
	return -1;
}

int
shm_put(struct shm *s, const uint8_t *p, size_t len)
{
	int	 i;

	if ((i = find_free(s)) == -1) {
		/* One can have become free before the receiver saw this. */
		atomic_store(&s->waits, 1);
		if ((i = find_free(s)) == -1)
			return -1;
		atomic_store(&s->waits, 0);
	}
	memcpy(slot_at(s, (uint32_t)i), p, len);
	atomic_store(&s->taken[i], 1);
	return i;
}

void
shm_take_back(struct shm *s, int slot)
{
	atomic_store(&s->taken[slot], 0);
}

/* ---- the receiver ---- */

int
shm_get(struct shm *s, uint32_t slot, uint8_t *to, size_t len)
{
	if (slot >= SHM_SLOTS || len > FRAME_MAX)
		return -1;
	memcpy(to, slot_at(s, slot), len);
	atomic_store(&s->taken[slot], 0);
	return 0;
}

bool
shm_wanted(struct shm *s)
{
	int	 i, n = 0;

	if (atomic_load(&s->waits) == 0)
		return false;
	for (i = 0; i < SHM_SLOTS; i++)
		n += atomic_load(&s->taken[i]) == 0;
	return n >= SHM_SLOTS / 2 && atomic_exchange(&s->waits, 0) != 0;
}
