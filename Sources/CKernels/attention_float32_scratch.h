#pragma once
#include <stddef.h>

#include "attention_plan.h"

enum { ROW_STRIDE = MAXIMAL_HEAD + 16 };

/// What a thread works in.
struct attention_rows {
    _Alignas(64) float sum[BLOCK_ROWS][16];
    float reference[BLOCK_ROWS];
    /// The score above which the reference moves.
    float limit[BLOCK_ROWS];
    /// [row][key of the block]
    _Alignas(64) float weight[BLOCK_ROWS][BLOCK_KEYS];
    _Alignas(64) float query[BLOCK_ROWS][ROW_STRIDE];
    /// [row][value_size]
    _Alignas(64) float output[BLOCK_ROWS * MAXIMAL_HEAD];
};
