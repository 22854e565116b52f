// The mixing of a row, compiled once for each instruction set; see rotation.h and vector16.h.
#include "rotation.h"
#include "vector16.h"

INLINE int lanes_of(ptrdiff_t left) { return left < LANES ? (int)left : LANES; }

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

INLINE void mix_columns(float *group, ptrdiff_t stride, ptrdiff_t column, int count, int factor) {
    floats x[16];
#pragma clang loop unroll(full)
    for (int i = 0; i < factor; i++) {
        x[i] = loaded(group, i * stride + column, count, false);
    }
    mix(x, factor);
#pragma clang loop unroll(full)
    for (int i = 0; i < factor; i++) {
        store(group, i * stride + column, count, x[i], false);
    }
}

/// `factor` is a constant, so that the numbers that are mixed stay in registers.
INLINE void mix_stage(float *row, ptrdiff_t inputs, ptrdiff_t stride, int factor) {
    for (ptrdiff_t group = 0; group < inputs; group += factor * stride) {
        ptrdiff_t column = 0;
        for (; column + LANES <= stride; column += LANES) {
            mix_columns(row + group, stride, column, LANES, factor);
        }
        if (column < stride) {
            mix_columns(row + group, stride, column, (int)(stride - column), factor);
        }
    }
}

static void run_stage(float *row, ptrdiff_t inputs, struct rotation_stage stage) {
    switch (stage.factor) {
    case 2:
        mix_stage(row, inputs, stage.stride, 2);
        break;
    case 3:
        mix_stage(row, inputs, stage.stride, 3);
        break;
    case 4:
        mix_stage(row, inputs, stage.stride, 4);
        break;
    case 5:
        mix_stage(row, inputs, stage.stride, 5);
        break;
    case 7:
        mix_stage(row, inputs, stage.stride, 7);
        break;
    case 8:
        mix_stage(row, inputs, stage.stride, 8);
        break;
    case 9:
        mix_stage(row, inputs, stage.stride, 9);
        break;
    default:
        mix_stage(row, inputs, stage.stride, 16);
    }
}

/// The sign bits of 16 numbers, as random as need be.
INLINE ints signs_of(ptrdiff_t vector) {
    uint32_t bits = (uint32_t)vector * 0x9e3779b1u + 0x7f4a7c15u;
    bits = (bits ^ bits >> 15) * 0x85ebca6bu;
    bits ^= bits >> 13;
    const words place = {31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16};
    return (ints)(((words){} + bits) << place) & (int32_t)0x80000000;
}

/// Mixes lanes that lie `step` apart. `step` is a constant.
INLINE floats mix_lanes(floats x, int step) {
    const ints lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    floats other;
    switch (step) {
    case 1:
        other = __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
        break;
    case 2:
        other = __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
        break;
    case 4:
        other = __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
        break;
    default:
        other = __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    }
    return x * chosen((lane & step) == 0, all(1), all(-1)) + other;
}

/// Signs and lanes are independent of the stages' order of numbers, so both are done in one pass, the first.
INLINE void begin_row(const struct rotation *rotation, const void *row, bool half, float *output, int lanes) {
    for (ptrdiff_t input = 0; input < rotation->inputs; input += LANES) {
        const int count = lanes_of(rotation->inputs - input);
        floats x = loaded(row, input, count, half) * rotation->scale;
        x = (floats)((ints)x ^ signs_of(input / LANES));
#pragma clang loop unroll(full)
        for (int step = 1; step < lanes; step *= 2) {
            x = mix_lanes(x, step);
        }
        store(output, input, count, x, false);
    }
}

INLINE void begin_row_of(const struct rotation *rotation, const void *row, bool half, float *output) {
    switch (rotation->lanes) {
    case 1:
        begin_row(rotation, row, half, output, 1);
        break;
    case 2:
        begin_row(rotation, row, half, output, 2);
        break;
    case 4:
        begin_row(rotation, row, half, output, 4);
        break;
    case 8:
        begin_row(rotation, row, half, output, 8);
        break;
    default:
        begin_row(rotation, row, half, output, 16);
    }
}

/// NaN and infinity have larger bits than all numbers.
INLINE float largest_of(const float *row, ptrdiff_t inputs) {
    ints largest = {};
    for (ptrdiff_t input = 0; input < inputs; input += LANES) {
        ints magnitude = (ints)loaded(row, input, lanes_of(inputs - input), false) & 0x7fffffff;
        largest = (ints)chosen(magnitude > largest, (floats)magnitude, (floats)largest);
    }
    int32_t bits = 0;
    for (int lane = 0; lane < LANES; lane++) {
        bits = largest[lane] > bits ? largest[lane] : bits;
    }
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

INLINE float rotate(const struct rotation *rotation, const void *row, bool half, float *output) {
    if (half) {
        begin_row_of(rotation, row, true, output);
    } else {
        begin_row_of(rotation, row, false, output);
    }
    for (int index = 0; index < rotation->stages; index++) {
        run_stage(output, rotation->inputs, rotation->stage[index]);
    }
    return largest_of(output, rotation->inputs);
}
