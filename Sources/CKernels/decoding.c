#include "decoding.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "bfloat16.h"
#include "kernels_parallel.h"
#include "kernels_path.h"

enum { LONG_PART = 512 };

typedef struct {
    const struct kernels_decoding *sizes;
    bool half;
    const void *query, *key, *value;
    void *output;
    uint16_t *paired_query;
    float *scratch;
    /// Heads of a group; how often 16 of them in a group, and in all; keys of a part; parts of the cache.
    int group, group_blocks, head_blocks, part_keys, parts;
    int row_size;
    decode_block *decode;
} Decoding;

/// References, sums and rows of a part's 16 heads.
static size_t part_floats(int row_size) { return (size_t)DECODING_HEADS * (size_t)(2 + row_size); }

static void cut(const struct kernels_decoding *sizes, Decoding *decoding) {
    decoding->group = sizes->heads / sizes->key_heads;
    decoding->group_blocks = (decoding->group + DECODING_HEADS - 1) / DECODING_HEADS;
    decoding->head_blocks = sizes->key_heads * decoding->group_blocks;
    decoding->row_size = (sizes->head_size + 15) / 16 * 16;
    // Several parts a thread, so that threads end together, but long ones, as a part's first block comes unasked for.
    const int threads = kernels_threads();
    int parts = sizes->keys / LONG_PART;
    parts = parts < threads ? threads : parts > 4 * threads ? 4 * threads : parts;
    int keys = (sizes->keys + parts - 1) / parts;
    keys = (keys + DECODING_BLOCK - 1) / DECODING_BLOCK * DECODING_BLOCK;
    decoding->part_keys = keys < 2 * DECODING_BLOCK ? 2 * DECODING_BLOCK : keys;
    decoding->parts = (sizes->keys + decoding->part_keys - 1) / decoding->part_keys;
}

/// Numbers of a block of heads in pairs: as many as of a row of each.
static size_t paired_size(const Decoding *decoding) {
    return (size_t)decoding->head_blocks * DECODING_HEADS * (size_t)decoding->row_size;
}

size_t kernels_decoding_scratch(const struct kernels_decoding *sizes) {
    Decoding decoding;
    cut(sizes, &decoding);
    return (size_t)decoding.head_blocks * (size_t)decoding.parts * part_floats(decoding.row_size) * sizeof(float) +
           paired_size(&decoding) * sizeof(uint16_t);
}

static const void *moved(const void *elements, ptrdiff_t count, bool half) {
    return (const char *)elements + count * (half ? 2 : 4);
}

/// What lies in scratch memory as [part][block of heads].
static float *part_memory(const Decoding *decoding, int index, int head_block) {
    return decoding->scratch +
           (size_t)(index * decoding->head_blocks + head_block) * part_floats(decoding->row_size);
}

static struct decoding_part part_of(const Decoding *decoding, int index, int head_block) {
    const struct kernels_decoding *sizes = decoding->sizes;
    int key_head = head_block / decoding->group_blocks;
    int place = head_block % decoding->group_blocks * DECODING_HEADS;
    int heads = decoding->group - place;
    ptrdiff_t head = (ptrdiff_t)key_head * decoding->group + place;
    ptrdiff_t first = (ptrdiff_t)index * decoding->part_keys;
    ptrdiff_t key = first * sizes->key_stride + key_head * sizes->key_head_stride;
    ptrdiff_t value = first * sizes->value_stride + key_head * sizes->value_head_stride;
    float *memory = part_memory(decoding, index, head_block);
    return (struct decoding_part){
        .half = decoding->half,
        .heads = heads < DECODING_HEADS ? heads : DECODING_HEADS,
        .head_size = sizes->head_size,
        .row_size = decoding->row_size,
        .slope = sizes->scale * 1.44269504f,
        .query = moved(decoding->query, head * sizes->head_size, decoding->half),
        .paired_query = decoding->paired_query + (size_t)head_block * DECODING_HEADS * (size_t)decoding->row_size,
        .key = moved(decoding->key, key, decoding->half),
        .value = moved(decoding->value, value, decoding->half),
        .key_stride = sizes->key_stride,
        .value_stride = sizes->value_stride,
        .reference = memory,
        .sum = memory + DECODING_HEADS,
        .output = memory + 2 * DECODING_HEADS,
    };
}

static void decode_task(void *context, int index, int thread) {
    (void)thread;
    const Decoding *decoding = context;
    int left = decoding->sizes->keys - index * decoding->part_keys;
    int keys = left < decoding->part_keys ? left : decoding->part_keys;
    for (int head_block = 0; head_block < decoding->head_blocks; head_block++) {
        float *memory = part_memory(decoding, index, head_block);
        memset(memory, 0, part_floats(decoding->row_size) * sizeof(float));
        for (int head = 0; head < DECODING_HEADS; head++) {
            // Finite, so that scores of -infinity before all others weigh nothing.
            memory[head] = -FLT_MAX;
        }
    }
    for (int first = 0; first < keys; first += DECODING_BLOCK) {
        int count = keys - first < DECODING_BLOCK ? keys - first : DECODING_BLOCK;
        for (int head_block = 0; head_block < decoding->head_blocks; head_block++) {
            struct decoding_part part = part_of(decoding, index, head_block);
            decoding->decode(&part, first, count);
        }
    }
}

static void pair_queries(const Decoding *decoding) {
    memset(decoding->paired_query, 0, paired_size(decoding) * sizeof(uint16_t));
    for (int head_block = 0; head_block < decoding->head_blocks; head_block++) {
        struct decoding_part part = part_of(decoding, 0, head_block);
        uint16_t *paired = (uint16_t *)part.paired_query;
        const uint16_t *query = part.query;
        for (int head = 0; head < part.heads; head++) {
            for (int i = 0; i < part.head_size; i++) {
                paired[i / 2 * 2 * DECODING_HEADS + 2 * head + i % 2] = *query++;
            }
        }
    }
}

/// Brings a head's parts to the largest of their references and writes the quotient.
static void join_head(const Decoding *decoding, int head_block, int head, void *output) {
    float reference = -INFINITY, total = 0, factors[decoding->parts];
    for (int i = 0; i < decoding->parts; i++) {
        float other = part_memory(decoding, i, head_block)[head];
        reference = other > reference ? other : reference;
    }
    for (int i = 0; i < decoding->parts; i++) {
        const float *memory = part_memory(decoding, i, head_block);
        factors[i] = exp2f(memory[head] - reference);
        total += factors[i] * memory[DECODING_HEADS + head];
    }
    size_t row = 2 * DECODING_HEADS + (size_t)head * (size_t)decoding->row_size;
    int columns = decoding->sizes->head_size;
    float sums[MAXIMAL_DECODING_HEAD] = {0};
    for (int i = 0; i < decoding->parts; i++) {
        const float *part = part_memory(decoding, i, head_block) + row;
        for (int column = 0; column < columns; column++) {
            sums[column] += factors[i] * part[column];
        }
    }
    for (int column = 0; column < columns; column++) {
        if (decoding->half) {
            ((uint16_t *)output)[column] = bfloat16_of_float(sums[column] / total);
        } else {
            ((float *)output)[column] = sums[column] / total;
        }
    }
}

/// So little that starting threads would cost more.
static void join(const Decoding *decoding) {
    for (int head = 0; head < decoding->sizes->heads; head++) {
        int place = head % decoding->group;
        int head_block = head / decoding->group * decoding->group_blocks + place / DECODING_HEADS;
        ptrdiff_t first = (ptrdiff_t)head * decoding->sizes->head_size;
        void *output = (void *)moved(decoding->output, first, decoding->half);
        join_head(decoding, head_block, place % DECODING_HEADS, output);
    }
}

static decode_block *kernel_of_path(bool half) {
    (void)half;
#if defined(__x86_64__)
    if (kernels_path() >= KERNELS_AVX512 && half) {
        return decode_block_bfloat16_avx512;
    }
    if (kernels_path() >= KERNELS_AVX512_VNNI) {
        return decode_block_avx512;
    }
    if (kernels_path() >= KERNELS_AVX2) {
        return decode_block_avx2;
    }
#endif
    return decode_block_portable;
}

static void decode(
    const struct kernels_decoding *sizes, bool half, const void *query, const void *key, const void *value,
    void *output, void *scratch) {
    Decoding decoding = {
        .sizes = sizes,
        .half = half,
        .query = query,
        .key = key,
        .value = value,
        .output = output,
        .decode = kernel_of_path(half),
    };
    cut(sizes, &decoding);
    decoding.paired_query = scratch;
    decoding.scratch = (float *)(decoding.paired_query + paired_size(&decoding));
    if (half) {
        pair_queries(&decoding);
    }
    kernels_parallel(decoding.parts, decode_task, &decoding);
    join(&decoding);
}

void kernels_decoding_bfloat16(
    const struct kernels_decoding *sizes, const uint16_t *query, const uint16_t *key, const uint16_t *value,
    uint16_t *output, void *scratch) {
    decode(sizes, true, query, key, value, output, scratch);
}

void kernels_decoding_float32(
    const struct kernels_decoding *sizes, const float *query, const float *key, const float *value, float *output,
    void *scratch) {
    decode(sizes, false, query, key, value, output, scratch);
}
