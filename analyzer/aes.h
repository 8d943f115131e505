/*
 * aes: AES-128 (FIPS 197), one way, and its Galois/Counter Mode (NIST SP
 * 800-38D) with nonces of 12 bytes and whole tags. It is for keys that anybody
 * can compute: nothing here hides how long it takes.
 */
#ifndef ANALYZER_AES_H
#define ANALYZER_AES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AES_KEY		16
#define AES_BLOCK	16
#define AES_NONCE	12

struct aes {
	uint32_t	 round[11][4];
};

void		 aes_init(struct aes *, const uint8_t key[AES_KEY]);
void		 aes_encrypt(const struct aes *, const uint8_t in[AES_BLOCK],
		    uint8_t out[AES_BLOCK]);
/*
 * Encrypts or decrypts len bytes by GCM's counters, from the block'th block
 * of the message on; out may be in.
 */
void		 aes_gcm_crypt(const struct aes *,
		    const uint8_t nonce[AES_NONCE], uint32_t block,
		    const uint8_t *in, size_t len, uint8_t *out);
/* The tag of a message as it is on the wire. */
void		 aes_gcm_tag(const struct aes *,
		    const uint8_t nonce[AES_NONCE], const uint8_t *head,
		    size_t head_len, const uint8_t *in, size_t len,
		    uint8_t tag[AES_BLOCK]);

#endif
