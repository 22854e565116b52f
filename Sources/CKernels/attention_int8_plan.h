#pragma once
// What attention in 8 bits works on, on every path.
#include "attention_plan.h"

enum { TILE_UNITS = 4, TILE_KEYS = TILE_UNITS * UNIT, TILE_FOURS = TILE_KEYS / 4, FOUR_BYTES = 4 * UNIT };

static const struct attention_grain byte_grain = {TILE_ROWS, BLOCK_ROWS, TILE_UNITS, 4, sizeof(float)};

/// What is taken from the keys and values of a sequence and head.
typedef struct {
    _Alignas(64) float key[MAXIMAL_HEAD];
    /// The middle of a column, and what its numbers are a multiple of; NaN where a value is not finite.
    float value[MAXIMAL_HEAD], scale[MAXIMAL_HEAD];
} Centre;

typedef struct {
    struct attention_plan plan;
    const uint16_t *query, *key, *value;
    uint16_t *output;
    /// [sequence][key head]
    Centre *centres;
} Attention;

/// How many of some numbers are in the next unit.
static inline int unit_of(int left) { return left < UNIT ? left : UNIT; }

static inline size_t centres_size(const struct kernels_attention *sizes) {
    return (size_t)sizes->sequences * (size_t)sizes->key_heads * sizeof(Centre);
}

static inline const Centre *centre_of(const Attention *attention, struct attention_task task, int key_head) {
    const ptrdiff_t sequence = task.sequence - attention->plan.sequences;
    return &attention->centres[sequence * attention->plan.sizes->key_heads + key_head];
}

static inline uint8_t *packed_keys(const Attention *attention, struct attention_task task, int key_head) {
    return (uint8_t *)attention->plan.packed_keys +
           first_packed_key(task, key_head) * (size_t)attention->plan.key_size;
}

static inline int8_t *packed_values(const Attention *attention, struct attention_task task, int key_head) {
    return (int8_t *)attention->plan.packed_values +
           first_packed_key(task, key_head) * (size_t)attention->plan.value_size;
}
