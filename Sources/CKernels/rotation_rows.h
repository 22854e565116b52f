// The mixing of a row, compiled once for each instruction set; see rotation.h and vector16.h.
#include "rotation.h"
#include "vector16.h"

/// Hadamard matrices of 2, 4, 8, 16, not yet divided by the root of their size.
INLINE void mix_twos(floats *x, int factor) {
    for (int step = 1; step < factor; step *= 2) {
        for (int i = 0; i < factor; i++) {
            if ((i & step) == 0) {
                floats sum = x[i] + x[i + step];
                x[i + step] = x[i] - x[i + step];
                x[i] = sum;
            }
        }
    }
}

/// Each number less 2 / factor of the sum of all: a reflection.
INLINE void reflect(floats *x, int factor, int step) {
    floats sum = x[0];
    for (int i = 1; i < factor; i++) {
        sum += x[i * step];
    }
    sum *= 2.0f / (float)factor;
    for (int i = 0; i < factor; i++) {
        x[i * step] -= sum;
    }
}

INLINE void mix_nine(floats *x) {
    for (int i = 0; i < 3; i++) {
        reflect(x + i, 3, 3);
    }
    for (int i = 0; i < 3; i++) {
        reflect(x + 3 * i, 3, 1);
    }
}

/// The most even matrix of 7: two numbers only, the smaller one where the lines of the plane of 7 points have it.
INLINE void mix_seven(floats *x) {
    floats y[7], sum = ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + x[6]);
    sum *= 0.445902906f;  // (2 + 3 sqrt(2)) / 14
    for (int i = 0; i < 7; i++) {
        y[i] = sum - 0.707106781f * (x[(i + 3) % 7] + x[(i + 5) % 7] + x[(i + 6) % 7]);
    }
    for (int i = 0; i < 7; i++) {
        x[i] = y[i];
    }
}

/// Of numbers that lie some way apart; `factor` 1 leaves them as they are.
INLINE void mix(floats *x, int factor) {
    switch (factor) {
    case 3:
    case 5:
        reflect(x, factor, 1);
        break;
    case 7:
        mix_seven(x);
        break;
    case 9:
        mix_nine(x);
        break;
    default:
        mix_twos(x, factor);
    }
}

/// Mixes lanes that lie `step` apart, in `count` vectors.
INLINE void mix_lanes(floats *x, int count, int step) {
    const ints lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const floats sign = chosen((lane & step) == 0, all(1), all(-1));
#pragma clang loop unroll(full)
    for (int i = 0; i < count; i++) {
        floats other;
        switch (step) {
        case 1:
            other = __builtin_shufflevector(x[i], x[i], 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
            break;
        case 2:
            other = __builtin_shufflevector(x[i], x[i], 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
            break;
        case 4:
            other = __builtin_shufflevector(x[i], x[i], 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
            break;
        default:
            other = __builtin_shufflevector(x[i], x[i], 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
        }
        x[i] = x[i] * sign + other;
    }
}

/// Where the numbers of a pass come from. The first one, which gives them their signs and mixes lanes, reads the row that
/// is to be mixed; the others work in place.
enum source { FIRST_BFLOAT16, FIRST_FLOAT32, IN_PLACE };

struct pass {
    const struct rotation *rotation;
    ptrdiff_t stride;
    const void *row;
    float *output;
};

/// Signs, then lanes.
INLINE void begin(const struct pass *pass, floats *x, ptrdiff_t place, int factor) {
    const float *signs = pass->rotation->signs;
#pragma clang loop unroll(full)
    for (int i = 0; i < factor; i++) {
        const size_t sign = (size_t)(place + i * pass->stride) & (ROTATION_SIGNS - 1);
        x[i] *= loaded(signs + sign, 0, LANES, false);
    }
    const int lanes = pass->rotation->lanes;
    if (lanes > 1) {
        mix_lanes(x, factor, 1);
    }
    if (lanes > 2) {
        mix_lanes(x, factor, 2);
    }
    if (lanes > 4) {
        mix_lanes(x, factor, 4);
    }
    if (lanes > 8) {
        mix_lanes(x, factor, 8);
    }
}

/// NaN and infinity have larger bits than all numbers.
INLINE ints larger_bits(ints largest, floats x) {
    const ints magnitude = (ints)x & 0x7fffffff;
    return (ints)chosen(magnitude > largest, (floats)magnitude, (floats)largest);
}

INLINE ints mix_columns(
    const struct pass *pass, ptrdiff_t place, int count, int factor, enum source source, ints largest) {
    floats x[8 + 1];
    const void *from = source == IN_PLACE ? pass->output : pass->row;
#pragma clang loop unroll(full)
    for (int i = 0; i < factor; i++) {
        x[i] = loaded(from, place + i * pass->stride, count, source == FIRST_BFLOAT16);
    }
    if (source != IN_PLACE) {
        begin(pass, x, place, factor);
    }
    mix(x, factor);
#pragma clang loop unroll(full)
    for (int i = 0; i < factor; i++) {
        store(pass->output, place + i * pass->stride, count, x[i], false);
        largest = larger_bits(largest, x[i]);
    }
    return largest;
}

/// `factor` and `source` are constants, so that what is mixed stays in registers. Gives the largest magnitude's bits.
INLINE int32_t run_pass(const struct pass *pass, int factor, enum source source) {
    const ptrdiff_t stride = pass->stride, inputs = pass->rotation->inputs;
    ints largest = {};
    for (ptrdiff_t group = 0; group < inputs; group += factor * stride) {
        ptrdiff_t column = 0;
        for (; column + LANES <= stride; column += LANES) {
            largest = mix_columns(pass, group + column, LANES, factor, source, largest);
        }
        if (column < stride) {
            largest = mix_columns(pass, group + column, (int)(stride - column), factor, source, largest);
        }
    }
    int32_t bits = 0;
    for (int lane = 0; lane < LANES; lane++) {
        bits = largest[lane] > bits ? largest[lane] : bits;
    }
    return bits;
}

#define PASS_FROM(factor, source) \
    static int32_t pass_##factor##_##source(const struct pass *pass) { return run_pass(pass, factor, source); }
#define PASS(factor) PASS_FROM(factor, FIRST_BFLOAT16) PASS_FROM(factor, FIRST_FLOAT32) PASS_FROM(factor, IN_PLACE)
#define NAMES(factor) {pass_##factor##_FIRST_BFLOAT16, pass_##factor##_FIRST_FLOAT32, pass_##factor##_IN_PLACE}
PASS(1) PASS(2) PASS(3) PASS(4) PASS(5) PASS(7) PASS(8) PASS(9)

static float rotate(const struct rotation *rotation, const void *row, bool half, float *output) {
    static int32_t (*const passes[][3])(const struct pass *) = {
        [1] = NAMES(1), [2] = NAMES(2), [3] = NAMES(3), [4] = NAMES(4),
        [5] = NAMES(5), [7] = NAMES(7), [8] = NAMES(8), [9] = NAMES(9)};
    int32_t bits = 0;
    enum source source = half ? FIRST_BFLOAT16 : FIRST_FLOAT32;
    // The longest stride first, as it has the fewest ends and the first pass does most.
    for (int index = rotation->stages - 1; index >= 0; index--, source = IN_PLACE) {
        const struct pass pass = {rotation, rotation->stage[index].stride, row, output};
        bits = passes[rotation->stage[index].factor][source](&pass);
    }
    float largest;
    memcpy(&largest, &bits, sizeof largest);
    return largest;
}
