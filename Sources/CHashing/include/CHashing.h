#ifndef CHASHING_H
#define CHASHING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// SHA-1 and SHA-256 of the system's library: CommonCrypto on Apple's systems, OpenSSL's libcrypto elsewhere.

enum chashing_function { CHASHING_SHA1, CHASHING_SHA256 };

// The state of a hash, as large as the library's own.
struct chashing_state {
    enum chashing_function function;
    uint64_t words[16];
};

void chashing_begin(struct chashing_state *state, enum chashing_function function);
void chashing_update(struct chashing_state *state, const void *bytes, size_t count);

// Writes the digest, of 20 or 32 bytes, and returns its length; the state is of no more use.
size_t chashing_end(struct chashing_state *state, uint8_t *digest);

// Takes the same time wherever the bytes differ.
bool chashing_equal(const uint8_t *a, const uint8_t *b, size_t count);

#endif
