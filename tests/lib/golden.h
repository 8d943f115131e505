/*
 * golden: compares a text with a file under tests/golden. With
 * GOLDEN_WRITE=1 in the environment the file is written instead: look at the
 * difference before it is committed.
 */
#ifndef TESTS_LIB_GOLDEN_H
#define TESTS_LIB_GOLDEN_H

/* 0 when the text is the file's; else -1, and the first difference is said. */
int	 golden_check(const char *name, const char *text);

#endif
