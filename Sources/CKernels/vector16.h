// Sixteen float32 numbers at once, for whatever instructions the including file is compiled for: the compiler cuts them
// into the registers there are. No include guard is needed by design, each file includes it once, between
// `#pragma clang attribute`s that name its instructions.
#if defined(VECTOR16_MASKS)
#include <immintrin.h>
#endif
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// The functions below are inlined wherever they are called: no vector is passed, so none is passed in another way.
#pragma clang diagnostic ignored "-Wpsabi"

#define INLINE static inline __attribute__((always_inline, unused))

typedef float floats __attribute__((vector_size(64)));
typedef int32_t ints __attribute__((vector_size(64)));
typedef uint32_t words __attribute__((vector_size(64)));
typedef uint16_t halves __attribute__((vector_size(32)));

enum { LANES = 16 };

/// Less nothing, which is left out; nothing and a value would be added, as that of -0 is another.
INLINE floats all(float value) { return value - (floats){}; }

INLINE floats chosen(ints mask, floats yes, floats no) {
    return (floats)(((ints)yes & mask) | ((ints)no & ~mask));
}

INLINE floats widened(halves bits) { return (floats)(__builtin_convertvector(bits, words) << 16); }

/// The bits of bfloat16 in the upper half of each number: to the nearest, ties to even; NaN stays NaN.
INLINE words rounded_bits(floats value) {
    words bits = (words)value;
    words nearest = bits + 0x7fff + (bits >> 16 & 1);
    return (words)chosen(value == value, (floats)nearest, (floats)(bits | 0x400000));
}

/// VECTOR16_BFLOAT16 says that there is an instruction for it, which takes denormal numbers for 0.
#if defined(VECTOR16_BFLOAT16)
INLINE halves narrowed(floats value) { return (halves)_mm512_cvtneps_pbh((__m512)value); }
#else
INLINE halves narrowed(floats value) { return __builtin_convertvector(rounded_bits(value) >> 16, halves); }
#endif

/// What is left of a number in an element type: bfloat16 where `half`, else float32.
INLINE floats rounded(floats value, bool half) {
    return half ? (floats)(rounded_bits(value) & 0xffff0000u) : value;
}

INLINE float sum_of(floats value) {
    float sum = 0;
    for (int i = 0; i < LANES; i++) {
        sum += value[i];
    }
    return sum;
}

// The first `count` (fewer than 16) elements; the rest is zero. VECTOR16_MASKS says that there are masked moves.
#if defined(VECTOR16_MASKS)
INLINE halves first_halves(const uint16_t *from, int count) {
    return (halves)_mm256_maskz_loadu_epi16((__mmask16)((1u << count) - 1), from);
}

INLINE floats first_floats(const float *from, int count) {
    return (floats)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), from);
}

INLINE void store_first_halves(uint16_t *to, int count, halves bits) {
    _mm256_mask_storeu_epi16(to, (__mmask16)((1u << count) - 1), (__m256i)bits);
}

INLINE void store_first_floats(float *to, int count, floats value) {
    _mm512_mask_storeu_ps(to, (__mmask16)((1u << count) - 1), (__m512)value);
}
#else
INLINE halves first_halves(const uint16_t *from, int count) {
    halves bits = {};
    memcpy(&bits, from, (size_t)count * sizeof *from);
    return bits;
}

INLINE floats first_floats(const float *from, int count) {
    floats value = {};
    memcpy(&value, from, (size_t)count * sizeof *from);
    return value;
}

INLINE void store_first_halves(uint16_t *to, int count, halves bits) { memcpy(to, &bits, (size_t)count * sizeof *to); }

INLINE void store_first_floats(float *to, int count, floats value) { memcpy(to, &value, (size_t)count * sizeof *to); }
#endif

/// 16 elements from `index` on, or the `count` that there are and zeros; bfloat16 where `half`, else float32.
INLINE floats loaded(const void *elements, ptrdiff_t index, int count, bool half) {
    if (half) {
        const uint16_t *from = (const uint16_t *)elements + index;
        halves bits;
        if (count < LANES) {
            return widened(first_halves(from, count));
        }
        memcpy(&bits, from, sizeof bits);
        return widened(bits);
    }
    const float *from = (const float *)elements + index;
    floats value;
    if (count < LANES) {
        return first_floats(from, count);
    }
    memcpy(&value, from, sizeof value);
    return value;
}

INLINE void store(void *elements, ptrdiff_t index, int count, floats value, bool half) {
    if (half) {
        uint16_t *to = (uint16_t *)elements + index;
        halves bits = narrowed(value);
        if (count < LANES) {
            store_first_halves(to, count, bits);
        } else {
            memcpy(to, &bits, sizeof bits);
        }
        return;
    }
    float *to = (float *)elements + index;
    if (count < LANES) {
        store_first_floats(to, count, value);
    } else {
        memcpy(to, &value, sizeof value);
    }
}

/// What a float32 becomes to which it is added, and which has the nearest whole number in its last bits: 1.5 * 2^23.
#define WHOLE_NUMBERS 12582912.0f

/// 2^(whole + rest) to 1e-7 where `shifted` is `WHOLE_NUMBERS` + whole and the rest -0.5...0.5.
INLINE floats power_of(floats shifted, floats rest) {
    ints whole = (ints)shifted - 0x4b400000;
    floats y = rest * 1.534581242594868e-4f + 1.3399930903688073e-3f;
    y = y * rest + 9.618489071726799e-3f;
    y = y * rest + 5.550328642129898e-2f;
    y = y * rest + 0.24022646248340607f;
    y = y * rest + 0.6931471824645996f;
    y = y * rest + 1.0f;
    // In two steps, as the power itself may lie outside the normal numbers.
    ints first = whole >> 1;
    ints second = whole - first;
    return y * (floats)((first + 127) << 23) * (floats)((second + 127) << 23);
}

INLINE floats within(floats x, float limit) {
    return chosen(x < -limit, all(-limit), chosen(x > limit, all(limit), x));
}

/// 2^x to 1e-7, from gradual underflow to infinity; NaN for NaN.
INLINE floats exp2_of(floats x) {
    x = within(x, 160);
    floats shifted = x + WHOLE_NUMBERS;
    return power_of(shifted, x - (shifted - WHOLE_NUMBERS));
}

/// e^x to 3e-7, from gradual underflow to infinity; NaN for NaN.
INLINE floats exp_of(floats x) {
    x = within(x, 110);
    floats shifted = x * 1.4426950408889634f + WHOLE_NUMBERS;
    floats whole = shifted - WHOLE_NUMBERS;
    // The logarithm of 2 in two parts, the first short enough for its product to be exact.
    floats rest = x - whole * 0.693145752f - whole * 1.42860677e-6f;
    return power_of(shifted, rest * 1.4426950408889634f);
}

INLINE floats tanh_of(floats x) {
    floats size = (floats)((ints)x & 0x7fffffff);
    floats large = 1.0f - 2.0f / (exp2_of(size * 2.885390081777927f) + 1.0f);
    floats square = x * x;
    floats y = square * 2.0609612111002207e-3f - 8.113952353596687e-3f;
    y = y * square + 2.168961614370346e-2f;
    y = y * square - 5.394821241497993e-2f;
    y = y * square + 0.1333325058221817f;
    y = y * square - 0.3333333134651184f;
    floats small = x + x * square * y;
    floats signed_large = (floats)((ints)large | ((ints)x & (int32_t)0x80000000));
    return chosen(size < 0.7f, small, signed_large);
}

/// x / (1 + e^-x).
INLINE floats silu_of(floats x) { return x / (1.0f + exp_of(-x)); }
