#include "CHashing.h"

#ifdef __APPLE__
#include <CommonCrypto/CommonDigest.h>
#define SHA_CTX CC_SHA1_CTX
#define SHA256_CTX CC_SHA256_CTX
#define SHA1_Init CC_SHA1_Init
#define SHA256_Init CC_SHA256_Init
#define SHA1_Update CC_SHA1_Update
#define SHA256_Update CC_SHA256_Update
#define SHA1_Final CC_SHA1_Final
#define SHA256_Final CC_SHA256_Final
#else
// The functions for one hash alone need nothing else of OpenSSL, which matters where it is linked in.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#endif

_Static_assert(sizeof(SHA_CTX) <= sizeof(((struct chashing_state *)0)->words), "the state of SHA-1 fits");
_Static_assert(sizeof(SHA256_CTX) <= sizeof(((struct chashing_state *)0)->words), "the state of SHA-256 fits");

void chashing_begin(struct chashing_state *state, enum chashing_function function) {
    state->function = function;
    if (function == CHASHING_SHA1) {
        SHA1_Init((SHA_CTX *)state->words);
    } else {
        SHA256_Init((SHA256_CTX *)state->words);
    }
}

void chashing_update(struct chashing_state *state, const void *bytes, size_t count) {
    const uint8_t *next = bytes;
    while (count > 0) {
        // Apple's counts have 32 bits.
        size_t piece = count < 1u << 30 ? count : 1u << 30;
        if (state->function == CHASHING_SHA1) {
            SHA1_Update((SHA_CTX *)state->words, next, piece);
        } else {
            SHA256_Update((SHA256_CTX *)state->words, next, piece);
        }
        next += piece;
        count -= piece;
    }
}

size_t chashing_end(struct chashing_state *state, uint8_t *digest) {
    if (state->function == CHASHING_SHA1) {
        SHA1_Final(digest, (SHA_CTX *)state->words);
        return 20;
    }
    SHA256_Final(digest, (SHA256_CTX *)state->words);
    return 32;
}

bool chashing_equal(const uint8_t *a, const uint8_t *b, size_t count) {
    volatile uint8_t difference = 0;
    for (size_t i = 0; i < count; i++) difference |= a[i] ^ b[i];
    return difference == 0;
}
