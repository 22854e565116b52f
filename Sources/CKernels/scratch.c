#include "scratch.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct memory {
    void *bytes[SCRATCH_USES];
    size_t size[SCRATCH_USES];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool has_key = false;

static void free_memory(void *value) {
    struct memory *memory = value;
    for (int use = 0; use < SCRATCH_USES; use++) {
        free(memory->bytes[use]);
    }
    free(memory);
}

static void make_key(void) { has_key = pthread_key_create(&key, free_memory) == 0; }

static struct memory *memory_of_thread(void) {
    pthread_once(&once, make_key);
    struct memory *memory = has_key ? pthread_getspecific(key) : 0;
    if (!memory && has_key) {
        memory = calloc(1, sizeof(*memory));
        if (memory && pthread_setspecific(key, memory) != 0) {
            free(memory);
            memory = 0;
        }
    }
    return memory;
}

void *scratch(enum scratch_use use, size_t bytes) {
    struct memory *memory = memory_of_thread();
    if (!memory) {
        return 0;
    }
    if (memory->size[use] < bytes) {
        free(memory->bytes[use]);
        size_t size = (bytes + 4095) / 4096 * 4096;
        memory->bytes[use] = aligned_alloc(64, size);
        memory->size[use] = memory->bytes[use] ? size : 0;
    }
    return memory->bytes[use];
}
