/*
 * shm: memory that both ends of a link share, for its large frames: a socket
 * copies each one twice and makes and frees the pages between.
 *
 * It serves one direction and has SHM_SLOTS slots of a frame each. The sender
 * copies a frame into a free slot, and a small frame in the socket names the
 * slot; the receiver copies it out, frees the slot, and judges its copy: what
 * a neighbour that was taken over writes later changes nothing that was
 * checked. Order, pressure and the end of a neighbour stay with the socket.
 *
 * Neither side believes the other: a flag tells only whether a slot is free.
 * The launcher makes and seals the memory (memfd_create(2), fcntl(2)
 * F_SEAL_SHRINK) and has all its pages: nobody can take it away under the
 * other, and no page fault ends a process.
 */
#ifndef SANDBOX_SHM_H
#define SANDBOX_SHM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHM_SLOTS	16
#define SHM_FRAME_MIN	(8 * 1024)	/* smaller: the socket is as good */

struct shm;

/* A descriptor of sealed memory, close-on-exec; -1 with errno. */
int		 shm_create(void);
/* For the life of the process; NULL with errno when fd is not such memory. */
struct shm	*shm_map(int fd);

/* ---- the sender ---- */

/* Every slot is free: the receiver has read all that named one. */
void		 shm_reset(struct shm *);
/*
 * Copies a frame (len at most FRAME_MAX) into a slot and returns its number.
 * -1 when none is free: then shm_wanted will be true over there.
 */
int		 shm_put(struct shm *, const uint8_t *p, size_t len);
/* The slot could not be named to the receiver. */
void		 shm_take_back(struct shm *, int slot);

/* ---- the receiver ---- */

/* Copies a frame out and frees its slot; -1 for a slot or length of none. */
int		 shm_get(struct shm *, uint32_t slot, uint8_t *to, size_t len);
/* Once, when the sender waits and half of the slots are free: tell it. */
bool		 shm_wanted(struct shm *);

#endif
