// Keys and values in 8 bits, compiled once for each instruction set that multiplies bytes; see vector16.h. All is as
// attention_int8_pack_avx512.h says, but for the fours of a tile's values, which are in the order of the keys.
#include <math.h>

#include "attention_int8_plan.h"
#include "row_scale.h"
#include "vector16.h"

typedef int8_t bytes __attribute__((vector_size(16)));

INLINE floats aligned_floats(const float *from) {
    floats value;
    memcpy(&value, __builtin_assume_aligned(from, 64), sizeof value);
    return value;
}

INLINE void store_aligned(float *to, floats value) { memcpy(__builtin_assume_aligned(to, 64), &value, sizeof value); }

INLINE floats smaller_of(floats a, floats b) { return chosen(a < b, a, b); }

INLINE floats larger_of(floats a, floats b) { return chosen(a > b, a, b); }

/// Each number's nearest whole one, for at most 2^22.
INLINE ints whole_of(floats value) { return (ints)(value + WHOLE_NUMBERS) - 0x4b400000; }

/// The centre of up to 16 columns of `count` tokens.
static void find_centre(
    Centre *centre, int column, const uint16_t *key, ptrdiff_t key_stride, const uint16_t *value,
    ptrdiff_t value_stride, int count, int lanes) {
    floats sum = {}, unfit = {}, smallest = all(INFINITY), largest = all(-INFINITY);
    for (int token = 0; token < count; token++) {
        const floats numbers = loaded(value, token * value_stride, lanes, true);
        sum += loaded(key, token * key_stride, lanes, true);
        smallest = smaller_of(numbers, smallest);
        largest = larger_of(numbers, largest);
        unfit += numbers * 0.0f;
    }
    const floats middle = smallest * 0.5f + largest * 0.5f;
    const floats reach = larger_of(largest - middle, middle - smallest);
    store_aligned(centre->key + column, sum / (float)count);
    store_aligned(centre->value + column, middle);
    // At least 2^-126, as its inverse must be a number.
    store_aligned(centre->scale + column, larger_of(reach / 127.0f, all(0x1p-126f)) + unfit);
}

/// Multiplies the numbers of a query or key by an orthonormal matrix, which leaves their products as they are: a
/// Hadamard matrix of the numbers an eighth of them apart. As they are where 8 does not divide their number.
INLINE void mix(float *numbers, int count) {
    const int eighth = count / 8;
    for (int i = 0; i < eighth && count % 8 == 0; i += LANES) {
        const int lanes = unit_of(eighth - i);
        floats part[8];
        for (int j = 0; j < 8; j++) {
            part[j] = loaded(numbers, j * eighth + i, lanes, false);
        }
        for (int apart = 1; apart < 8; apart *= 2) {
            for (int j = 0; j < 8; j++) {
                if ((j & apart) == 0) {
                    const floats first = part[j], second = part[j + apart];
                    part[j] = first + second;
                    part[j + apart] = first - second;
                }
            }
        }
        for (int j = 0; j < 8; j++) {
            store(numbers, j * eighth + i, lanes, part[j] * 0.35355339f, false);
        }
    }
}

/// The largest magnitude of numbers whose memory is zero up to a multiple of 16; NaN if one is not finite.
INLINE float magnitude_of(const float *numbers, int count) {
    floats largest = {}, unfit = {};
    for (int i = 0; i < count; i += LANES) {
        const floats some = aligned_floats(numbers + i);
        largest = larger_of((floats)((ints)some & 0x7fffffff), largest);
        unfit += some * 0.0f;
    }
    float magnitude = sum_of(unfit);
    for (int lane = 0; lane < LANES; lane++) {
        magnitude = largest[lane] > magnitude ? largest[lane] : magnitude;
    }
    return magnitude;
}

/// A row of numbers less `centre` times `sign`, mixed; and how they become bytes. The memory is zero up to a multiple of 16.
INLINE struct row_scale mixed_row(
    const uint16_t *row, const float *centre, float sign, int head_size, float numbers[MAXIMAL_HEAD]) {
    for (int i = 0; i < head_size; i += LANES) {
        const int lanes = unit_of(head_size - i);
        floats some = loaded(row, i, lanes, true);
        if (centre) {
            some -= aligned_floats(centre + i);
        }
        // What is centred beyond the last number is 0 too.
        store_aligned(numbers + i, some * sign);
    }
    mix(numbers, head_size);
    return row_scale_of(magnitude_of(numbers, head_size));
}

/// 16 keys, the last one of `count` again where they are fewer, to `fours` * 4 numbers each and their scales.
static void pack_unit_of_keys(
    const Centre *centre, const uint16_t *key, ptrdiff_t stride, int count, int head_size, int fours, uint8_t *packed) {
    float *scales = (float *)(packed + (size_t)fours * FOUR_BYTES);
    for (int row = 0; row < UNIT; row++) {
        _Alignas(64) float numbers[MAXIMAL_HEAD];
        _Alignas(16) uint8_t above[MAXIMAL_HEAD];
        const struct row_scale scale =
            mixed_row(key + (row < count ? row : count - 1) * stride, centre->key, 1, head_size, numbers);
        for (int i = 0; i < head_size; i += LANES) {
            const ints whole = whole_of(aligned_floats(numbers + i) * scale.inverse) + 128;
            const bytes some = __builtin_convertvector(whole, bytes);
            memcpy(above + i, &some, sizeof some);
        }
        for (int four = 0; four < fours; four++) {
            memcpy(packed + four * FOUR_BYTES + 4 * row, above + 4 * four, 4);
        }
        scales[row] = scale.scale;
    }
}

/// 64 keys' values, of which the first `count` exist.
static void pack_tile_of_values(
    const Centre *centre, const uint16_t *value, ptrdiff_t stride, int count, int head_size, int8_t *packed) {
    for (int column = 0; column < head_size; column += LANES) {
        const floats middle = aligned_floats(centre->value + column);
        const floats inverse = 1.0f / aligned_floats(centre->scale + column);
        for (int four = 0; four < TILE_FOURS; four++, packed += FOUR_BYTES) {
            ints four_bytes = {};
            for (int i = 0; i < 4; i++) {
                const int token = 4 * four + i;
                if (token < count) {
                    const floats numbers = loaded(value, token * stride + column, unit_of(head_size - column), true);
                    four_bytes |= (whole_of((numbers - middle) * inverse) & 0xff) << (8 * i);
                }
            }
            memcpy(packed, &four_bytes, sizeof four_bytes);
        }
    }
}
