// Rounding to int4, compiled once for each instruction set; see int4_rounding.h and vector16.h.
#include "int4_rounding.h"
#include "vector16.h"

/// Scales that are tried, in hundredths of an 8th of the largest magnitude. Below, too much would be cut off; above,
/// nothing is any more.
enum { LEAST_HUNDREDTHS = 50, MOST_HUNDREDTHS = 116, HUNDREDTHS_STEP = 2, REFINEMENTS = 2 };

typedef int8_t bytes __attribute__((vector_size(16)));

INLINE floats column(const float *numbers, ptrdiff_t index) { return loaded(numbers, index * LANES, LANES, false); }

INLINE floats smaller(floats x, floats y) { return chosen(x < y, x, y); }

INLINE floats larger(floats x, floats y) { return chosen(x > y, x, y); }

/// To the nearest whole number, ties to even; of at most 2^22.
INLINE floats whole(floats x) { return (x + 12582912.0f) - 12582912.0f; }

/// 0 for 0.
INLINE floats inverse_of(floats scale) { return chosen(scale == 0, all(0), 1 / scale); }

/// Of a number over its scale. NaN becomes -8.
INLINE floats value_of(floats ratio) { return whole(smaller(larger(ratio, all(-8)), all(7))); }

/// Errors are over the largest magnitude, so that their squares are neither too large nor too small.
struct fit {
    floats scale, error, inverse_magnitude;
};

/// `squares` are those of errors over the scale.
INLINE void take_if_better(struct fit *best, floats scale, floats squares) {
    const floats relative = scale * best->inverse_magnitude, error = squares * (relative * relative);
    const ints better = error < best->error;
    best->scale = chosen(better, scale, best->scale);
    best->error = chosen(better, error, best->error);
}

INLINE floats magnitude_of(const float *numbers, ptrdiff_t count) {
    floats magnitude = {};
    for (ptrdiff_t index = 0; index < count; index++) {
        magnitude = larger(larger(column(numbers, index), -column(numbers, index)), magnitude);
    }
    return magnitude;
}

/// A scale and its negative, which differ in what they cut off: -8...7 times the one is -7...8 times the other.
INLINE void try_both_signs(struct fit *best, const float *numbers, ptrdiff_t count, floats scale) {
    const floats inverse = inverse_of(scale);
    floats squares = {}, squares_of_negative = {};
    for (ptrdiff_t index = 0; index < count; index++) {
        const floats ratio = column(numbers, index) * inverse, nearest = whole(ratio);
        const floats lost = ratio - smaller(larger(nearest, all(-8)), all(7));
        const floats lost_of_negative = ratio - smaller(larger(nearest, all(-7)), all(8));
        squares += lost * lost;
        squares_of_negative += lost_of_negative * lost_of_negative;
    }
    take_if_better(best, scale, squares);
    take_if_better(best, -scale, squares_of_negative);
}

/// The scale that fits the values of the best one best.
INLINE void refine(struct fit *best, const float *numbers, ptrdiff_t count) {
    floats inverse = inverse_of(best->scale), product = {}, square = {}, squares = {};
    for (ptrdiff_t index = 0; index < count; index++) {
        const floats ratio = column(numbers, index) * inverse, value = value_of(ratio);
        product += value * ratio;
        square += value * value;
    }
    const floats scale = best->scale * chosen(square > 0, product / square, all(1));
    inverse = inverse_of(scale);
    for (ptrdiff_t index = 0; index < count; index++) {
        const floats ratio = column(numbers, index) * inverse, lost = ratio - value_of(ratio);
        squares += lost * lost;
    }
    take_if_better(best, scale, squares);
}

static void search(const float *numbers, ptrdiff_t count, float *scales) {
    floats least = {}, most = {};
    for (ptrdiff_t index = 0; index < count; index++) {
        least = smaller(column(numbers, index), least);
        most = larger(column(numbers, index), most);
    }
    const floats magnitude = larger(-least, most);
    struct fit best = {
        // What has no error that is a number keeps the scale that makes the largest magnitude -8.
        .scale = chosen(most > -least, most, least) / -8,
        .error = all(INFINITY),
        .inverse_magnitude = 1 / magnitude,
    };
    for (int hundredths = LEAST_HUNDREDTHS; hundredths <= MOST_HUNDREDTHS; hundredths += HUNDREDTHS_STEP) {
        try_both_signs(&best, numbers, count, magnitude * ((float)hundredths / 800));
    }
    for (int time = 0; time < REFINEMENTS; time++) {
        refine(&best, numbers, count);
    }
    store(scales, 0, LANES, chosen(magnitude < 0x1p-120f, all(0), best.scale), false);
}

INLINE void store_values(int8_t *values, ptrdiff_t index, floats column_values) {
    const bytes narrow = __builtin_convertvector(column_values, bytes);
    memcpy(values + index * LANES, &narrow, sizeof narrow);
}

static void fit_multiples(const float *numbers, ptrdiff_t count, const float *of_rows, float *scales, int8_t *multiples) {
    const floats of_row = column(of_rows, 0), wanted = column(scales, 0);
    const floats size = chosen(wanted < 0, -wanted, wanted) / of_row;
    const floats nearest = smaller(larger(whole(size), all(1)), all(MOST_MULTIPLE));
    struct fit best = {
        .scale = chosen(wanted < 0, -nearest, nearest) * of_row,
        .error = all(INFINITY),
        .inverse_magnitude = 1 / magnitude_of(numbers, count),
    };
    for (int step = -1; step <= 1; step++) {
        const floats multiple = smaller(larger(nearest + (float)step, all(1)), all(MOST_MULTIPLE));
        try_both_signs(&best, numbers, count, multiple * of_row);
    }
    const floats multiple = chosen(wanted == 0, all(0), whole(best.scale / of_row));
    store(scales, 0, LANES, multiple * of_row, false);
    store_values(multiples, 0, multiple);
}

static void round_columns(const float *numbers, ptrdiff_t count, const float *scales, int8_t *values) {
    const floats inverse = inverse_of(column(scales, 0));
    for (ptrdiff_t index = 0; index < count; index++) {
        store_values(values, index, value_of(column(numbers, index) * inverse));
    }
}

static void spread(float *numbers, ptrdiff_t count, ptrdiff_t all_columns, const float *scales, const float *factor,
                   ptrdiff_t factor_stride, int8_t *values, float *errors) {
    const floats scale = column(scales, 0), inverse = inverse_of(scale);
    for (ptrdiff_t index = 0; index < count; index++) {
        const float *of_column = factor + index * factor_stride;
        const floats number = column(numbers, index), value = value_of(number * inverse);
        const floats error = (number - value * scale) / of_column[index];
        store_values(values, index, value);
        store(errors, index * LANES, LANES, error, false);
        for (ptrdiff_t other = index + 1; other < all_columns; other++) {
            store(numbers, other * LANES, LANES, column(numbers, other) - error * of_column[other], false);
        }
    }
}
