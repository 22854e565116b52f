// Decoding in float32, compiled once for each instruction set; see vector16.h.
#include "decoding.h"
#include "vector16.h"

INLINE const void *row_of(const void *rows, ptrdiff_t stride, int row, bool half) {
    return (const char *)rows + row * stride * (half ? 2 : 4);
}

/// One head's scores, in powers of two, with the keys of a block.
INLINE void score_keys(const struct decoding_part *part, int head, int first, int keys, float *scores, bool half) {
    const void *query = row_of(part->query, part->head_size, head, half);
    for (int key = 0; key < keys; key++) {
        const void *row = row_of(part->key, part->key_stride, first + key, half);
        floats sums = {};
        for (int i = 0; i < part->head_size; i += LANES) {
            int count = part->head_size - i < LANES ? part->head_size - i : LANES;
            sums += loaded(query, i, count, half) * loaded(row, i, count, half);
        }
        scores[key] = sum_of(sums) * part->slope;
    }
}

/// Makes scores weights, after the head's reference has moved to the largest, and what was there before with it.
INLINE void weigh_keys(const struct decoding_part *part, int head, int keys, float *scores) {
    float top = part->reference[head];
    for (int key = 0; key < keys; key++) {
        top = scores[key] > top ? scores[key] : top;
    }
    floats factor = exp2_of(all(part->reference[head] - top));
    if (top > part->reference[head]) {
        float *output = part->output + head * part->row_size;
        for (int i = 0; i < part->row_size; i++) {
            output[i] *= factor[0];
        }
        part->sum[head] *= factor[0];
        part->reference[head] = top;
    }
    floats sums = {};
    for (int key = 0; key < DECODING_BLOCK; key += LANES) {
        floats weight = exp2_of(loaded(scores, key, LANES, false) - top);
        store(scores, key, LANES, weight, false);
        for (int lane = 0; lane < LANES; lane++) {
            sums[lane] += key + lane < keys ? weight[lane] : 0;
        }
    }
    part->sum[head] += sum_of(sums);
}

INLINE void add_values(
    const struct decoding_part *part, int head, int first, int keys, const float *weights, bool half) {
    float *output = part->output + head * part->row_size;
    for (int i = 0; i < part->head_size; i += LANES) {
        int count = part->head_size - i < LANES ? part->head_size - i : LANES;
        floats sum = loaded(output, i, LANES, false);
        for (int key = 0; key < keys; key++) {
            sum += weights[key] * loaded(row_of(part->value, part->value_stride, first + key, half), i, count, half);
        }
        store(output, i, LANES, sum, false);
    }
}

INLINE void decode_any(const struct decoding_part *part, int first, int keys, bool half) {
    for (int head = 0; head < part->heads; head++) {
        float scores[DECODING_BLOCK] = {};
        score_keys(part, head, first, keys, scores, half);
        weigh_keys(part, head, keys, scores);
        add_values(part, head, first, keys, scores, half);
    }
}

static void decode(const struct decoding_part *part, int first, int keys) {
    if (part->half) {
        decode_any(part, first, keys, true);
    } else {
        decode_any(part, first, keys, false);
    }
}
