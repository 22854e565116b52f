#include "decoding.h"

#include <math.h>

#include "bfloat16.h"
#include "kernels_parallel.h"
#include "kernels_path.h"

typedef struct {
    const struct kernels_decoding *sizes;
    bool half;
    const void *query, *key, *value;
    void *output;
    float *scratch;
    /// Heads of a group; how often 16 of them; keys of a part; parts of the cache.
    int group, head_blocks, part_keys, parts;
    int row_size;
    decode_part *decode;
} Decoding;

/// References, sums and rows of a part's 16 heads.
static size_t part_floats(int row_size) { return (size_t)DECODING_HEADS * (size_t)(2 + row_size); }

static void cut(const struct kernels_decoding *sizes, Decoding *decoding) {
    decoding->group = sizes->heads / sizes->key_heads;
    decoding->head_blocks = (decoding->group + DECODING_HEADS - 1) / DECODING_HEADS;
    decoding->row_size = (sizes->head_size + 15) / 16 * 16;
    int tasks = sizes->key_heads * decoding->head_blocks;
    int wanted = (6 * kernels_threads() + tasks - 1) / tasks;
    int keys = (sizes->keys + wanted - 1) / wanted;
    keys = (keys + DECODING_BLOCK - 1) / DECODING_BLOCK * DECODING_BLOCK;
    decoding->part_keys = keys < 4 * DECODING_BLOCK ? 4 * DECODING_BLOCK : keys;
    decoding->parts = (sizes->keys + decoding->part_keys - 1) / decoding->part_keys;
}

size_t kernels_decoding_scratch(const struct kernels_decoding *sizes) {
    Decoding decoding;
    cut(sizes, &decoding);
    return (size_t)sizes->key_heads * (size_t)decoding.head_blocks * (size_t)decoding.parts *
           part_floats(decoding.row_size) * sizeof(float);
}

static const void *moved(const void *elements, ptrdiff_t count, bool half) {
    return (const char *)elements + count * (half ? 2 : 4);
}

/// Tasks are [key head][block of heads][part].
static struct decoding_part part_of(const Decoding *decoding, int task) {
    const struct kernels_decoding *sizes = decoding->sizes;
    int index = task % decoding->parts;
    int head_block = task / decoding->parts % decoding->head_blocks;
    int key_head = task / decoding->parts / decoding->head_blocks;
    int first = index * decoding->part_keys;
    int left = sizes->keys - first;
    int heads = decoding->group - head_block * DECODING_HEADS;
    int head = key_head * decoding->group + head_block * DECODING_HEADS;
    float *scratch = decoding->scratch + (size_t)task * part_floats(decoding->row_size);
    ptrdiff_t key = first * sizes->key_stride + key_head * sizes->key_head_stride;
    ptrdiff_t value = first * sizes->value_stride + key_head * sizes->value_head_stride;
    return (struct decoding_part){
        .half = decoding->half,
        .keys = left < decoding->part_keys ? left : decoding->part_keys,
        .heads = heads < DECODING_HEADS ? heads : DECODING_HEADS,
        .head_size = sizes->head_size,
        .row_size = decoding->row_size,
        .slope = sizes->scale * 1.44269504f,
        .query = moved(decoding->query, (ptrdiff_t)head * sizes->head_size, decoding->half),
        .key = moved(decoding->key, key, decoding->half),
        .value = moved(decoding->value, value, decoding->half),
        .key_stride = sizes->key_stride,
        .value_stride = sizes->value_stride,
        .reference = scratch,
        .sum = scratch + DECODING_HEADS,
        .output = scratch + 2 * DECODING_HEADS,
    };
}

static void decode_task(void *context, int task, int thread) {
    (void)thread;
    const Decoding *decoding = context;
    struct decoding_part part = part_of(decoding, task);
    decoding->decode(&part);
}

/// Brings a head's parts to the largest of their references and writes the quotient.
static void join_head(const Decoding *decoding, int task, int head, void *output) {
    float reference = -INFINITY, total = 0, factors[decoding->parts];
    for (int i = 0; i < decoding->parts; i++) {
        float other = part_of(decoding, task + i).reference[head];
        reference = other > reference ? other : reference;
    }
    for (int i = 0; i < decoding->parts; i++) {
        struct decoding_part part = part_of(decoding, task + i);
        factors[i] = exp2f(part.reference[head] - reference);
        total += factors[i] * part.sum[head];
    }
    for (int column = 0; column < decoding->sizes->head_size; column++) {
        float sum = 0;
        for (int i = 0; i < decoding->parts; i++) {
            const float *rows = decoding->scratch + (size_t)(task + i) * part_floats(decoding->row_size);
            sum += factors[i] * rows[2 * DECODING_HEADS + head * decoding->row_size + column];
        }
        if (decoding->half) {
            ((uint16_t *)output)[column] = bfloat16_of_float(sum / total);
        } else {
            ((float *)output)[column] = sum / total;
        }
    }
}

static void join(const Decoding *decoding, int head) {
    int key_head = head / decoding->group, place = head % decoding->group;
    int task = (key_head * decoding->head_blocks + place / DECODING_HEADS) * decoding->parts;
    ptrdiff_t first = (ptrdiff_t)head * decoding->sizes->head_size;
    join_head(decoding, task, place % DECODING_HEADS, (void *)moved(decoding->output, first, decoding->half));
}

static decode_part *part_of_path(bool half) {
    (void)half;
#if defined(__x86_64__)
    if (kernels_path() == KERNELS_AVX512) {
        return half ? decode_part_bfloat16_avx512 : decode_part_avx512;
    }
    if (kernels_path() == KERNELS_AVX2) {
        return decode_part_avx2;
    }
#endif
    return decode_part_portable;
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
        .scratch = scratch,
        .decode = part_of_path(half),
    };
    cut(sizes, &decoding);
    kernels_parallel(sizes->key_heads * decoding.head_blocks * decoding.parts, decode_task, &decoding);
    // So little that starting threads would cost more.
    for (int head = 0; head < sizes->heads; head++) {
        join(&decoding, head);
    }
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
