/*
 * files: the parent opens, rotates and passes every file that is written.
 *
 * Opened O_RDWR|O_APPEND|O_NOFOLLOW|O_CLOEXEC with the configured mode; a
 * fifo, a unix socket and standard output ("-") serve as well and are never
 * rotated. Rotation renames FILE to FILE.YYYYMMDDTHHMMSSZ (-NN when there
 * is one already), then deletes the oldest until the numbers and the bytes
 * of the rotate block hold. FILE.gaps lies beside each record. One that others
 * remove or rename is made again.
 *
 * System calls: open, fstat, lstat, rename, unlink, getdents64, fchmod,
 * fcntl(F_DUPFD_CLOEXEC), socket and connect of AF_UNIX.
 */
#ifndef PARENT_FILES_H
#define PARENT_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parent/roots.h"
#include "sandbox/chan.h"
#include "sandbox/conf.h"
#include "sandbox/log.h"
#include "sandbox/msg.h"

/* A regular file that the mirror has. */
struct files_place {
	uint32_t	 kind;		/* enum msg_file_kind */
	uint32_t	 index;
	bool		 known;		/* what is there is in the next two */
	dev_t		 dev;
	ino_t		 ino;
	char		 path[CONF_PATH_MAX];
};

/* Zeroed before the first use. */
struct files {
	struct log_rate	 pace;		/* of rotations */
	struct files_place *place;
	size_t		 n;
};

/*
 * Opens what f names (kind, index, flags in; error, size, name and
 * FILE_REGULAR out). FILE_ROTATE renames a regular file first. -1 with
 * f->error set. now_us is the wall clock, for names.
 */
int		 files_open(const struct conf *, struct msg_file *f,
		    uint64_t now_us);
/* Opens it and sends FILE with the descriptor, or with the error. */
int		 files_send(struct files *, const struct conf *, struct chan *,
		    const struct msg_file *, uint64_t now_us);
/* The same for all records, their gaps and all logs: at a fresh mirror, and
   at SIGUSR1 (the mirror takes the new descriptor for the old). */
void		 files_send_all(struct files *, const struct conf *,
		    struct chan *, uint64_t now_us);
/* From time to time: those that are no longer where they were opened. */
void		 files_send_gone(struct files *, const struct conf *,
		    struct chan *, uint64_t now_us);
/*
 * Body of the handler of FILE_WANTED; -1 for a malformed one, 1 when it is not
 * answered: who has not taken the last answers gets none, nor who rotates too
 * often (by the monotonic clock): it asks again.
 */
int		 files_wanted(struct files *, const struct conf *,
		    struct chan *, struct frame *, uint64_t mono_us,
		    uint64_t now_us);
void		 files_clear(struct files *);

/* Deletes the oldest of path's rotated files until r holds; how many. */
size_t		 files_prune(const char *path, const struct conf_rotate *r);

#endif
